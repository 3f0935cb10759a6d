package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// The engine reads its logs, and the manifest, which is its list of files, up to
// the first record that is not whole, and takes that for a write that a crash cut
// short. A damaged byte looks the same, and what comes after it would be missing
// without a word. So how much of such a file was whole and synced is noted beside
// it, and checked before the engine looks.
//
// A note is written after its file is synced, and not synced itself: it may tell
// of less than there is, which checks less, and never of more.
const (
	manifestPrefix = "MANIFEST-"
	logSuffix      = ".log"
	noteSuffix     = ".synced"
	// noteSlack is how many bytes a file may have behind its last record: a mark of its end, and padding.
	noteSlack = 40
)

func isNoted(name string) bool {
	return strings.HasPrefix(name, manifestPrefix) && !strings.HasSuffix(name, noteSuffix) || strings.HasSuffix(name, logSuffix)
}

// noted is a file of records with its note.
type noted struct {
	vfs.File
	gate    gate
	written *atomic.Int64
	note    vfs.File
	listed  *atomic.Bool // it is in its folder for good
}

// withNote gives a new file its note.
func (g gate) withNote(f vfs.File, name string) vfs.File {
	note, err := g.FS.Create(name+noteSuffix, vfs.WriteCategoryUnspecified)
	if err == nil {
		err = note.Close()
	}
	if err == nil {
		note, err = g.FS.OpenReadWrite(name+noteSuffix, vfs.WriteCategoryUnspecified)
	}
	if err != nil { // without a note nothing is checked, and nothing else is lost
		g.room.log.Warn().Err(err).Str("file", name).Msg("the length of a file cannot be noted")
		return f
	}
	return noted{f, g, new(atomic.Int64), note, new(atomic.Bool)}
}

func (f noted) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.written.Add(int64(n))
	return n, err
}

func (f noted) Sync() error {
	whole := f.written.Load()
	return f.take(whole, f.File.Sync())
}

func (f noted) SyncData() error {
	whole := f.written.Load()
	return f.take(whole, f.File.SyncData())
}

func (f noted) take(whole int64, err error) error {
	if err == nil && !f.listed.Swap(true) {
		err = f.gate.list()
	}
	if err == nil {
		var row [12]byte
		binary.LittleEndian.PutUint64(row[:], uint64(whole))
		binary.LittleEndian.PutUint32(row[8:], crc32.ChecksumIEEE(row[:8]))
		_, _ = f.note.WriteAt(row[:], 0) // if not, the older note is good, too
	}
	return err
}

// list makes what is in the folder be there after a crash. The engine makes a new
// manifest and then the mark that points to it, and only then does this; the mark
// might be there alone.
func (g gate) list() error {
	folder, err := g.FS.OpenDir(g.room.dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (f noted) Close() error {
	_ = f.note.Close()
	return f.File.Close()
}

// Remove forgets a file's note with it.
func (g gate) Remove(name string) error {
	if isNoted(g.PathBase(name)) {
		_ = g.FS.Remove(name + noteSuffix)
	}
	return g.FS.Remove(name)
}

// checkNotes tells whether the logs and the manifest in use are whole as far as is noted.
func checkNotes(fs vfs.FS, dir string) error {
	manifest, err := atomicfs.ReadMarker(fs, dir, "manifest")
	if err != nil {
		return err
	}
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		var number uint64
		if digits, isLog := strings.CutSuffix(name, logSuffix); isLog {
			if number, err = strconv.ParseUint(digits, 10, 64); err != nil {
				continue // not one of the engine's
			}
		} else if name != manifest {
			continue
		}
		if err := checkNote(fs, fs.PathJoin(dir, name), number); err != nil {
			return err
		}
	}
	return nil
}

func checkNote(fs vfs.FS, name string, number uint64) error {
	was, ok := readNote(fs, name+noteSuffix)
	if !ok {
		return nil
	}
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer f.Close()
	records := recordsOf(record.NewReader, f, number)
	is := int64(0)
	for {
		r, err := records.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			break
		}
		is = records.Offset()
	}
	if is+noteSlack < was {
		return fmt.Errorf("%w: %s is whole up to byte %d, and was up to %d", ErrDamaged, fs.PathBase(name), is, was)
	}
	return nil
}

// recordsOf is record.NewReader for a number whose type only the engine can name.
func recordsOf[N ~uint64](reader func(io.Reader, N) *record.Reader, f io.Reader, number uint64) *record.Reader {
	return reader(f, N(number))
}

func readNote(fs vfs.FS, name string) (whole int64, ok bool) {
	f, err := fs.Open(name)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	var row [12]byte
	if _, err := io.ReadFull(f, row[:]); err != nil {
		return 0, false
	}
	sum := binary.LittleEndian.Uint32(row[8:])
	return int64(binary.LittleEndian.Uint64(row[:])), sum == crc32.ChecksumIEEE(row[:8])
}
