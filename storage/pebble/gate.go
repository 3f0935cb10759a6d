package pebble

import (
	"errors"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// roomy is a file system on which the engine waits for space where it can wait,
// and gets the reserve where it cannot.
func roomy(r *room) vfs.FS { return vfs.OnDiskFull(gate{r.fs, r}, r.ranOut) }

// gate holds back the files that are written in the background.
type gate struct {
	vfs.FS
	room *room
}

func (g gate) Unwrap() vfs.FS { return g.FS }

func (g gate) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.FS.Create(name, category)
	if err != nil {
		return nil, noSpace(err)
	}
	return g.gated(f, name, category), nil
}

func (g gate) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if isNoted(g.PathBase(old)) { // gone before what it tells of
		_ = g.FS.Remove(old + noteSuffix)
	}
	f, err := g.FS.ReuseForWrite(old, name, category)
	if err != nil {
		return nil, noSpace(err)
	}
	return g.gated(f, name, category), nil
}

func (g gate) gated(f vfs.File, name string, category vfs.DiskWriteCategory) vfs.File {
	switch {
	case category == "pebble-wal" || category == "pebble-manifest": // and not a backup's
		return g.withNote(vital{f, g.room}, name)
	case !strings.HasSuffix(name, ".sst") && !strings.HasSuffix(name, ".blob"):
		return vital{f, g.room}
	case category == "pebble-memtable-flush":
		return patient{f, g.room, g.room.forFiles}
	}
	return patient{f, g.room, g.room.forWrites}
}

// vital is a file the engine must be able to write.
type vital struct {
	vfs.File
	room *room
}

func (f vital) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.room.written.Add(int64(n))
	return n, noSpace(err)
}

// patient is a file that can wait for space.
type patient struct {
	vfs.File
	room  *room
	least func() int64 // how much has to be free
}

func (f patient) Write(p []byte) (written int, err error) {
	for {
		if err := f.room.wait(f.least); err != nil {
			return written, err
		}
		n, err := f.File.Write(p[written:])
		written += n
		f.room.written.Add(int64(n))
		if err = noSpace(err); !errors.Is(err, syscall.ENOSPC) || !f.room.open.Load() {
			return written, err
		}
		if err := f.room.usedUp(); err != nil {
			return written, err
		}
	}
}

// noSpace makes a used-up quota look like a full disk.
func noSpace(err error) error {
	if errors.Is(err, syscall.EDQUOT) {
		return syscall.ENOSPC
	}
	return err
}
