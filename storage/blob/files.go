package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/teahouse-im/teahouse/media"
)

// Files keeps each blob as a file of its own. A file is written under another
// name, synced and renamed, so that it is there whole or not at all, whenever
// the power goes.
type Files struct{ dir string }

const (
	unfinished = "tmp"     // the folder of files that are being written
	abandoned  = time.Hour // a file that nobody has written to for so long belongs to a process that died
)

// OpenFiles opens a folder of blobs, and makes it if there is none.
func OpenFiles(dir string) (*Files, error) {
	f := &Files{dir}
	if err := os.MkdirAll(filepath.Join(dir, unfinished), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of media: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return nil, fmt.Errorf("make the folder of media: %w", err)
	}
	return f, f.clean()
}

// clean removes what processes that died have left unfinished.
func (f *Files) clean() error {
	left, err := os.ReadDir(filepath.Join(f.dir, unfinished))
	if err != nil {
		return fmt.Errorf("read the folder of media: %w", err)
	}
	for _, e := range left {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(f.dir, unfinished, e.Name())) // if it cannot go now, it goes at another start
		}
	}
	return nil
}

// path is where a blob lies: in one of about a thousand folders, by the third
// and fourth character of its key.
func (f *Files) path(key string) string { return filepath.Join(f.dir, key[2:4], key) }

// Put implements media.Blobs.
func (f *Files) Put(ctx context.Context, key string, r io.Reader, size int64, _ string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.dir, unfinished), "put-*")
	if err != nil {
		return away("write a blob", err)
	}
	defer func() {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name()) // unless it was renamed
	}()
	in := &exactly{ctx: ctx, r: r, left: size}
	if _, err := io.Copy(tmp, in); err != nil {
		if in.err != nil {
			return in.err
		}
		return away("write a blob", err)
	}
	if err := tmp.Sync(); err != nil {
		return away("write a blob", err)
	}
	return away("write a blob", f.settle(tmp.Name(), key))
}

// settle gives a whole file its name.
func (f *Files) settle(tmp, key string) error {
	to := f.path(key)
	folder := filepath.Dir(to)
	switch err := os.Mkdir(folder, 0o700); {
	case err == nil:
		if err := syncDir(f.dir); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	return syncDir(folder)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements media.Blobs.
func (f *Files) Open(_ context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	file, err := os.Open(f.path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, media.ErrUnknown
	case err != nil:
		return nil, away("read a blob", err)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, away("read a blob", errors.Join(err, file.Close()))
	}
	if n < 0 {
		return file, nil
	}
	return part{io.LimitReader(file, n), file}, nil
}

// A part is some of a blob.
type part struct {
	io.Reader
	io.Closer
}

// Delete implements media.Blobs.
func (f *Files) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := os.Remove(f.path(key)); !errors.Is(err, fs.ErrNotExist) {
		return away("delete a blob", err)
	}
	return nil
}

// Ready implements media.Blobs.
func (f *Files) Ready(context.Context) error {
	tmp, err := os.CreateTemp(filepath.Join(f.dir, unfinished), "ready-*")
	if err != nil {
		return away("the folder of media", err)
	}
	return away("the folder of media", errors.Join(tmp.Close(), os.Remove(tmp.Name())))
}
