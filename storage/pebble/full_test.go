package pebble_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// smallDisk is a disk in memory with so much space and no more.
type smallDisk struct {
	*vfs.MemFS
	size   atomic.Int64
	others atomic.Int64 // taken by somebody else
	hidden atomic.Bool  // the disk does not tell that it is full, as with a quota

	mu   sync.Mutex
	used int64
}

func newSmallDisk(size int64) *smallDisk {
	d := &smallDisk{MemFS: vfs.NewMem()}
	d.size.Store(size)
	return d
}

// recount adds up what files there are after some came or went.
func (d *smallDisk) recount() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = 0
	names, _ := d.List("data")
	for _, name := range names {
		if info, err := d.Stat(d.PathJoin("data", name)); err == nil {
			d.used += info.Size()
		}
	}
}

func (d *smallDisk) free() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(0, d.size.Load()-d.others.Load()-d.used)
}

// takeAll is somebody else who takes what is free.
func (d *smallDisk) takeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.others.Store(d.size.Load() - d.used)
}

func (d *smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	free := uint64(d.free())
	if d.hidden.Load() {
		free = uint64(d.size.Load())
	}
	return vfs.DiskUsage{AvailBytes: free, TotalBytes: uint64(d.size.Load())}, nil
}

func (d *smallDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.MemFS.Create(name, c)
	d.recount()
	return smallFile{f, d}, err
}

func (d *smallDisk) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.MemFS.Remove(old); err != nil {
		return nil, err
	}
	return d.Create(name, c)
}

func (d *smallDisk) Remove(name string) error {
	err := d.MemFS.Remove(name)
	d.recount()
	return err
}

type smallFile struct {
	vfs.File
	disk *smallDisk
}

func (f smallFile) Preallocate(int64, int64) error { return errors.ErrUnsupported }

func (f smallFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	room := f.disk.size.Load() - f.disk.others.Load() - f.disk.used
	n, err := f.File.Write(p[:max(0, min(room, int64(len(p))))])
	f.disk.used += int64(n)
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

// flood writes conversations until every one of them is refused, and returns
// how far each was acknowledged.
func flood(t *testing.T, s *pebble.Store, from map[id.Stream]stream.Head) map[id.Stream]stream.Head {
	t.Helper()
	var mu sync.Mutex
	acked := map[id.Stream]stream.Head{}
	var all sync.WaitGroup
	for i := range 8 {
		st := id.DirectStream("writer", id.User(fmt.Sprintf("reader-%d", i)))
		all.Go(func() {
			head := from[st]
			for {
				group := make([]stream.Entry, 4)
				at := head
				for j := range group {
					at.Seq, at.Count = at.Seq+1, at.Count+1
					group[j] = stream.Entry{
						Stream: st, Seq: at.Seq, Count: at.Count, ID: uuid.Must(uuid.NewV7()), Kind: "text", From: "writer",
						At: time.Now(), Body: []byte(`{"text":"` + strings.Repeat(uuid.NewString(), 100) + `"}`),
					}
				}
				if err := s.Append(t.Context(), st, head, group); err != nil {
					if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "full") {
						t.Errorf("refused with %v", err)
					}
					mu.Lock()
					acked[st] = head
					mu.Unlock()
					return
				}
				head = at
			}
		})
	}
	all.Wait()
	return acked
}

func wantAcked(t *testing.T, s *pebble.Store, acked map[id.Stream]stream.Head) {
	t.Helper()
	for st, head := range acked {
		got, err := s.Range(t.Context(), st, 1, id.MaxSeq)
		if err != nil || len(got) != int(head.Seq) {
			t.Fatalf("%s: %d entries of %d, %v", st, len(got), head.Seq, err)
		}
		if heads, err := s.Heads(t.Context(), []id.Stream{st}); err != nil || heads[0] != head {
			t.Fatalf("%s: head is %v of %v, %v", st, heads, head, err)
		}
	}
}

// heals waits until the store accepts writes again.
func heals(t *testing.T, s *pebble.Store) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		err := s.CreateAccount(t.Context(), account.Account{User: id.User("u" + uuid.NewString()[:8])})
		if err == nil {
			return
		}
		if !errors.Is(err, fault.Unavailable) || time.Now().After(deadline) {
			t.Fatalf("with space again: %v", err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// As the disk fills up, writes are refused, reading goes on, and with space it heals.
func TestFullDisk(t *testing.T) {
	d := newSmallDisk(12 << 20)
	s := opened(t, d)
	acked := flood(t, s, nil)
	for s.Ready(t.Context()) == nil { // sorting what was written made room again
		acked = flood(t, s, acked)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("ready: %v", err)
	}
	wantAcked(t, s, acked)
	d.size.Store(20 << 20)
	heals(t, s)
	acked = flood(t, s, acked)
	wantAcked(t, s, acked)
	if err := s.Close(); err != nil { // full
		t.Fatal(err)
	}
	s = opened(t, d)
	wantAcked(t, s, acked)
	d.size.Store(64 << 20)
	heals(t, s)
	wantAcked(t, s, acked)
}

// Somebody else takes all the space from one moment to the next, in the middle of writing.
func TestDiskIsFullSuddenly(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		t.Run(fmt.Sprintf("hidden=%v", hidden), func(t *testing.T) {
			d := newSmallDisk(64 << 20)
			s := opened(t, d)
			d.hidden.Store(hidden)
			var acked map[id.Stream]stream.Head
			for range 5 {
				done := make(chan struct{})
				go func() {
					acked = flood(t, s, acked)
					close(done)
				}()
				for before := d.free(); before-d.free() < 1<<20; {
					<-time.After(time.Millisecond)
				}
				d.takeAll()
				<-done
				wantAcked(t, s, acked)
				d.others.Store(0)
				heals(t, s)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			wantAcked(t, opened(t, d), acked)
		})
	}
}
