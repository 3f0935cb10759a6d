// Package pebble keeps everything in an embedded, ordered key-value store in one
// directory on this machine's disk. Every acknowledged write is synced; writes
// of many goroutines share one sync.
//
// It promises: what was acknowledged survives the process and the power; what
// was damaged is reported and never served; a full disk refuses writes, keeps
// reading and heals. One process owns the directory.
package pebble

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/crew"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage"
)

// Options of a Store. The zero value is a store on the disk that logs nothing.
type Options struct {
	FS     vfs.FS         // where files are; nil: the disk
	Logger zerolog.Logger // hears of what the store does in the background
}

// Store is a storage.Backend in one directory.
type Store struct {
	db    *pebble.DB
	lock  *pebble.Lock // of the directory
	log   zerolog.Logger
	room  *room
	locks locks
	parts turns[ledger.Part]
	hot   partRows
	tips  tips
	additions
	volumes

	damage  atomic.Pointer[error] // what was found damaged first
	closing sync.Once
	closed  error
}

var _ storage.Backend = (*Store)(nil)

// handsIdle is how many goroutines wait for entries to write.
const handsIdle = 4

// ErrInUse is a directory that another process, or another Store, owns.
var ErrInUse = errors.New("the data folder is in use by another process")

// ErrDamaged is a directory whose files are not as they were written.
var ErrDamaged = errors.New("the data folder is damaged")

// Open opens the store in dir and makes it if there is none. ErrInUse: somebody
// else has it open. ErrDamaged: it cannot be read as it is; nothing was repaired.
// ErrFormat: another version of the program wrote it.
func Open(dir string, opt Options) (*Store, error) {
	if opt.FS == nil {
		opt.FS = vfs.Default
	}
	if err := opt.FS.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	lock, err := pebble.LockDirectory(dir, opt.FS)
	if err != nil {
		return nil, lockError(dir, err)
	}
	if err := checkNotes(opt.FS, dir); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, errors.Join(err, lock.Close()))
	}
	s := &Store{lock: lock, log: opt.Logger, room: newRoom(opt.FS, dir, opt.Logger), volumes: volumes{full: volumeBytes}}
	s.hands = crew.New(handsIdle)
	if s.db, err = pebble.Open(dir, s.tuned()); err != nil {
		if pebble.IsCorruptionError(err) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil, fmt.Errorf("open the store in %s: %w", dir, errors.Join(err, lock.Close()))
	}
	s.room.open.Store(true)
	if err := errors.Join(s.checkFormat(), s.findVolume()); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, errors.Join(err, s.Close()))
	}
	return s, nil
}

func lockError(dir string, err error) error {
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || err.Error() == "lock held by current process" {
		return fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	return fmt.Errorf("lock the data folder %s: %w", dir, err)
}

// Ready tells whether the store can be read and written, and if not, why.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.damage.Load(); err != nil {
		return *err
	}
	return errors.Join(ctx.Err(), s.room.check())
}

// Backup writes a copy of the store, as it is now, into a new directory on the
// same disk, while it is being used. The copy opens like any store.
func (s *Store) Backup(dir string) error {
	if err := s.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("back up to %s: %w", dir, err)
	}
	return nil
}

// Close ends it. Nothing may be using it any more. Closing again does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.close() })
	return s.closed
}

// close sorts what is in the log into files, if there is room: they are checked
// when they are read, to the last byte, and opening them is faster.
func (s *Store) close() error {
	s.hands.Close()
	close(s.room.closing)
	var flushing error
	if s.room.check() == nil {
		var done <-chan struct{}
		if done, flushing = s.db.AsyncFlush(); flushing == nil {
			select {
			case <-done:
			case <-s.room.stuck:
			}
		}
	}
	return errors.Join(flushing, s.db.Close(), s.lock.Close())
}
