package pebble

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/fault"
)

// room watches the space on the disk, because the engine does not survive a log
// it cannot write. As space runs out, one after another stops: first new writes,
// which are refused, and the rewriting of old files, which waits; then the sorting
// of what was stored into files, which waits too. What then is left is for what
// is under way. Should something else fill the disk in the meantime, a reserve
// file is given up. All of it comes back by itself when there is space again.
type room struct {
	fs  vfs.FS
	dir string
	log zerolog.Logger

	full    atomic.Bool  // new writes are refused
	left    atomic.Int64 // bytes free for us when it was looked at last
	looked  atomic.Int64 // when that was, in Unix nanoseconds
	written atomic.Int64 // bytes that went into files since
	limit   atomic.Int64 // what has to be free to accept writes; 0: the disk does not tell what is

	mu       sync.Mutex // guards what follows, and looking
	reserved bool       // the reserve file is there
	failed   bool       // a write failed for want of space since there was some

	open    atomic.Bool   // before that nothing waits
	closing chan struct{} // closed: nothing waits any more
	stuck   chan struct{} // closed when something would have waited after that
	once    sync.Once
}

// errFull refuses a write.
var errFull = fault.Unavailable.Saying("The server's disk is full. Nothing was stored.").After(5 * time.Second)

const (
	// roomMost is the free space below which writes are refused, on a disk of
	// half a gigabyte or more; on a smaller one it is an eighth of the disk.
	roomMost    = 64 << 20
	reserveName = "reserve"
	probeName   = "probe"
	lookAgain   = 100 * time.Millisecond
)

func newRoom(fs vfs.FS, dir string, log zerolog.Logger) *room {
	r := &room{fs: fs, dir: dir, log: log, closing: make(chan struct{}), stuck: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.look()
	_, err := fs.Stat(r.reserve())
	if r.reserved = err == nil; !r.reserved {
		r.restore()
	}
	return r
}

func (r *room) reserve() string { return r.fs.PathJoin(r.dir, reserveName) }

// The limits: below the first, writes are refused and old files not rewritten;
// below the second, new files are not written.
func (r *room) forWrites() int64 { return r.limit.Load() }
func (r *room) forFiles() int64  { return r.limit.Load() / 4 }

// check refuses a write if there is no room for it.
func (r *room) check() error {
	if r.outdated() {
		r.mu.Lock()
		if r.outdated() { // nobody else has looked meanwhile
			r.look()
		}
		r.mu.Unlock()
	}
	if r.full.Load() {
		return errFull
	}
	return nil
}

func (r *room) outdated() bool {
	return time.Now().UnixNano()-r.looked.Load() > int64(lookAgain) || r.limit.Load() > 0 && r.written.Load() > r.limit.Load()/8
}

// look asks the disk and turns refusing on and off. It holds mu.
func (r *room) look() {
	r.written.Store(0)
	r.looked.Store(time.Now().UnixNano())
	usage, err := r.fs.GetDiskUsage(r.dir)
	if err != nil { // a disk that does not tell is believed to have room until it fails
		r.full.Store(false)
		return
	}
	r.limit.Store(min(roomMost, int64(usage.TotalBytes/8)))
	r.left.Store(int64(usage.AvailBytes))
	switch full := r.full.Load(); {
	case !full && r.left.Load() < r.forWrites():
		r.full.Store(true)
		r.log.Error().Int64("free_bytes", r.left.Load()).Msg("the disk is full: writes are refused until there is space")
	case full && r.recovered():
		r.full.Store(false)
		r.log.Warn().Int64("free_bytes", r.left.Load()).Msg("there is space on the disk again: writes are accepted")
	}
}

// recovered tells whether there is room again, the reserve included. A disk that
// failed a write has to prove it: a quota may be tighter than what the disk tells. It holds mu.
func (r *room) recovered() bool {
	if r.left.Load() < r.forWrites()+r.forFiles() {
		return false
	}
	if r.failed {
		probe := r.fs.PathJoin(r.dir, probeName)
		err := r.allocate(probe, r.forFiles())
		if r.failed = errors.Join(err, r.fs.Remove(probe)) != nil; r.failed {
			return false
		}
	}
	r.restore()
	return r.reserved
}

// restore makes the reserve file, if it fits. It holds mu.
func (r *room) restore() {
	size := r.forWrites() / 2
	if r.reserved || size == 0 || r.left.Load() < r.forWrites()+r.forFiles()+size {
		return
	}
	err := r.allocate(r.reserve(), size)
	if r.reserved = err == nil; err != nil {
		r.log.Warn().Err(err).Msg("the reserve for a full disk could not be made")
		_ = r.fs.Remove(r.reserve()) // what there is of it
	}
}

// allocate makes a file of that size.
func (r *room) allocate(name string, size int64) error {
	f, err := r.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if f.Preallocate(0, size) != nil { // not every file system can
		for zeros := make([]byte, 1<<20); size > 0 && err == nil; size -= int64(len(zeros)) {
			_, err = f.Write(zeros[:min(size, int64(len(zeros)))])
		}
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// ranOut gives up the reserve: something that must not fail found the disk full.
func (r *room) ranOut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.fs.Remove(r.reserve())
	r.reserved, r.failed = false, true
	r.full.Store(true)
	r.log.Error().Err(err).Msg("the disk is full: the reserve was given up, writes are refused until there is space")
}

// usedUp notes that a write failed for want of space that can wait, and waits a
// little. It gives up when the store closes.
func (r *room) usedUp() error {
	r.mu.Lock()
	r.failed = true
	r.full.Store(true)
	r.mu.Unlock()
	return r.pause()
}

func (r *room) pause() error {
	select {
	case <-r.closing:
		r.once.Do(func() { close(r.stuck) })
		return syscall.ENOSPC
	case <-time.After(lookAgain):
		return nil
	}
}

// wait returns when there is so much room. It gives up when the store closes.
func (r *room) wait(least func() int64) error {
	for {
		_ = r.check()
		if limit := least(); limit == 0 || r.left.Load()-r.written.Load() >= limit || !r.open.Load() {
			return nil
		}
		if err := r.pause(); err != nil {
			return err
		}
	}
}
