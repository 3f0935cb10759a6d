package pebble_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// lineAt is the one entry that belongs at a position of a stream.
func lineAt(st id.Stream, seq id.Seq) stream.Entry {
	hash := sha256.Sum256(fmt.Appendf(nil, "%s %d", st, seq))
	return stream.Entry{
		Stream: st, Seq: seq, Count: int64(seq), ID: uuid.UUID(hash[:16]), Kind: "text", From: "writer",
		At: time.UnixMilli(int64(seq)).UTC(), Body: fmt.Appendf(nil, `{"text":"%x"}`, hash),
	}
}

// The power goes, before and after every time something is synced: the store
// opens, has all that was acknowledged and all that a reader was shown, once and
// in its place, and goes on. What was written but not synced may be there or not.
func TestPowerLoss(t *testing.T) {
	const enough = 1000
	cuts := 0
	for round := 0; cuts < enough; round++ {
		d := &cutDisk{MemFS: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(rand.Uint64(), 0)), acked: map[id.Stream]id.Seq{}}
		s := opened(t, d)
		s.FillVolumes(4000)
		d.on(true)
		writeAndRead(t, d, s)
		d.on(false)
		for i, c := range d.cuts {
			if cuts += c.holds(t); t.Failed() {
				t.Fatalf("after cut %d of round %d", i, round)
			}
		}
	}
	t.Logf("%d cuts", cuts)
}

// writeAndRead has writers and readers on the same streams.
func writeAndRead(t *testing.T, d *cutDisk, s *pebble.Store) {
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	streams := []id.Stream{"d-ann~bob", "d-bob~cyd", id.NewGroup()}
	for i, st := range streams {
		writers.Go(func() {
			for seq := id.Seq(1); seq < 40; {
				group := []stream.Entry{lineAt(st, seq)}
				if seq%5 == 0 {
					group = append(group, lineAt(st, seq+1), lineAt(st, seq+2))
				}
				if err := appendOrStart(t, s, st, group); err != nil {
					t.Error(err)
					return
				}
				seq += id.Seq(len(group))
				d.know(st, seq-1)
				if i == 0 && seq%10 == 0 {
					if err := s.Flush(); err != nil {
						t.Error(err)
					}
				}
			}
		})
		readers.Go(func() {
			for {
				heads, err := s.Heads(t.Context(), []id.Stream{st})
				if err != nil {
					t.Error(err)
					return
				}
				got, err := s.Range(t.Context(), st, max(1, heads[0].Seq-3), id.MaxSeq)
				if err != nil {
					t.Error(err)
					return
				}
				d.know(st, max(heads[0].Seq, heads[0].Seq-min(4, heads[0].Seq)+id.Seq(len(got))))
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

// appendOrStart stores a group in one way or the other.
func appendOrStart(t *testing.T, s *pebble.Store, st id.Stream, group []stream.Entry) error {
	before := group[0].Seq - 1
	head := stream.Head{Seq: before, Count: int64(before)}
	if before%2 == 0 {
		return s.Append(t.Context(), st, head, group)
	}
	done := make(chan error)
	s.Start(st, head, group, func(err error) { done <- err })
	return <-done
}

// cutDisk is a disk whose power goes, in a copy, whenever something is synced.
type cutDisk struct {
	*vfs.MemFS

	mu      sync.Mutex
	cutting bool
	rng     *rand.Rand
	acked   map[id.Stream]id.Seq // what somebody knows to be there
	cuts    []cut
}

// A cut is the disk after the power went, and what was known before.
type cut struct {
	disk   *vfs.MemFS
	acked  map[id.Stream]id.Seq
	second bool // the power had gone before, while this was opened
}

func (d *cutDisk) on(cutting bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutting = cutting
}

func (d *cutDisk) know(st id.Stream, seq id.Seq) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.acked[st] = max(d.acked[st], seq)
}

func (d *cutDisk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.cutting {
		return
	}
	acked := maps.Clone(d.acked)
	d.cuts = append(d.cuts, cut{disk: d.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: []int{0, 0, 50, 100}[d.rng.IntN(4)], RNG: d.rng,
	}), acked: acked})
}

// holds opens what is left and looks for what was known, and goes on. Now and
// then the power goes once more meanwhile. It returns how often it went.
func (c cut) holds(t *testing.T) (cuts int) {
	again := &cutDisk{MemFS: c.disk, rng: rand.New(rand.NewPCG(1, 2)), acked: c.acked, cutting: !c.second && rand.N(20) == 0}
	s, err := pebble.Open("data", pebble.Options{FS: again})
	if err != nil {
		t.Fatal(err)
	}
	again.on(false)
	for st, known := range c.acked {
		heads, err := s.Heads(t.Context(), []id.Stream{st})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Range(t.Context(), st, 1, id.MaxSeq)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < int(known) || heads[0].Seq != id.Seq(len(got)) {
			t.Fatalf("%s has %d entries and its head at %d; known were %d", st, len(got), heads[0].Seq, known)
		}
		for i, e := range got {
			if want := lineAt(st, id.Seq(i+1)); e.Seq != want.Seq || e.Count != want.Count || e.ID != want.ID || string(e.Body) != string(want.Body) {
				t.Fatalf("%s: entry %d is %+v", st, i+1, e)
			}
		}
		next := lineAt(st, heads[0].Seq+1)
		if heads[0].Seq > 0 { // what is there is known by its id
			twice := next
			twice.ID = lineAt(st, 1+rand.N(heads[0].Seq)).ID
			err := s.Append(t.Context(), st, heads[0], []stream.Entry{twice})
			if conflict, ok := errors.AsType[*stream.ConflictError](err); !ok || len(conflict.Duplicates) != 1 {
				t.Fatalf("%s: an id that is there: %v", st, err)
			}
		}
		if err := s.Append(t.Context(), st, heads[0], []stream.Entry{next}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range again.cuts {
		c.second = true
		cuts += c.holds(t)
	}
	return cuts + 1
}

func (d *cutDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.MemFS.Create(name, c)
	return cutFile{f, d}, err
}

func (d *cutDisk) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.MemFS.ReuseForWrite(old, name, c)
	return cutFile{f, d}, err
}

func (d *cutDisk) OpenDir(name string) (vfs.File, error) {
	f, err := d.MemFS.OpenDir(name)
	return cutFile{f, d}, err
}

type cutFile struct {
	vfs.File
	disk *cutDisk
}

func (f cutFile) Sync() error {
	f.disk.cut()
	defer f.disk.cut()
	return f.File.Sync()
}

func (f cutFile) SyncData() error {
	f.disk.cut()
	defer f.disk.cut()
	return f.File.SyncData()
}
