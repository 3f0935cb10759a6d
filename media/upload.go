package media

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Upload receives, looks at, cleans and keeps what somebody uploads. It is there
// when this returns, for its owner alone until something carries it. Memory does
// not grow with what is uploaded: it lies in a file that has no name, and pictures
// are only decoded when there is room.
//
// What is no picture, sound or film is kept byte for byte.
func (s *Service) Upload(ctx context.Context, owner id.User, r io.Reader) (Medium, error) {
	if err := s.begin(owner); err != nil {
		return Medium{}, err
	}
	defer s.end(owner)
	f, err := s.temp()
	if err != nil {
		return Medium{}, err
	}
	defer f.forget()
	if err := s.receive(f, r); err != nil {
		return Medium{}, err
	}
	m, whole, thumbnail, err := s.inspect(ctx, f)
	if err != nil {
		return Medium{}, err
	}
	defer whole.forget()
	if m.Digest, err = digest(whole); err != nil {
		return Medium{}, err
	}
	m.ID, m.Owner, m.Size = id.NewMedia(), owner, whole.size
	return s.keep(ctx, m, whole, thumbnail)
}

// begin counts an upload, unless there are too many: each may take disk and time.
func (s *Service) begin(owner id.User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := 0
	for _, n := range s.uploads {
		all += n
	}
	switch {
	case s.uploads[owner] >= s.opt.UploadsEach:
		return errAtOnce
	case all >= s.opt.Uploads:
		return fault.Unavailable
	}
	s.uploads[owner]++
	return nil
}

func (s *Service) end(owner id.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uploads[owner]--; s.uploads[owner] == 0 {
		delete(s.uploads, owner)
	}
}

// A scratch is a file that is gone when the process is. Writes are buffered.
type scratch struct {
	file *os.File
	out  *bufio.Writer
	size int64 // when all is written
}

// temp makes a scratch.
func (s *Service) temp() (*scratch, error) {
	f, err := os.CreateTemp(s.opt.Temp, "upload-*")
	if err != nil {
		return nil, lack(err)
	}
	_ = os.Remove(f.Name()) // where a file in use cannot be removed, forget does it
	return &scratch{file: f, out: bufio.NewWriterSize(f, 64<<10)}, nil
}

// lack is a failure to keep something for a while: the disk is full, as a rule.
func lack(err error) error { return fmt.Errorf("keep an upload: %w: %w", fault.Unavailable, err) }

func (f *scratch) forget() {
	_ = f.file.Close()
	_ = os.Remove(f.file.Name())
}

// ReadAt implements io.ReaderAt, for what is written out.
func (f *scratch) ReadAt(b []byte, at int64) (int, error) { return f.file.ReadAt(b, at) }

// Write implements io.Writer.
func (f *scratch) Write(b []byte) (int, error) { return f.out.Write(b) }

// WriteAt implements io.WriterAt. What was written before is in the file by then.
func (f *scratch) WriteAt(b []byte, at int64) (int, error) {
	if err := f.out.Flush(); err != nil {
		return 0, err
	}
	return f.file.WriteAt(b, at)
}

// finish writes out what is buffered.
func (f *scratch) finish() error {
	if err := f.out.Flush(); err != nil {
		return lack(err)
	}
	size, err := f.file.Seek(0, io.SeekEnd)
	if err != nil {
		return lack(err)
	}
	f.size = size
	return nil
}

func (f *scratch) reader() *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(f, 0, f.size), 64<<10)
}

// receive takes an upload in, and refuses one that is too large as soon as it is.
func (s *Service) receive(f *scratch, r io.Reader) error {
	in := &source{r: r}
	n, err := io.Copy(f.out, io.LimitReader(in, s.opt.Bytes+1))
	switch {
	case in.err != nil:
		if known := new(fault.Fault); errors.As(in.err, &known) {
			return in.err
		}
		return errNotWhole
	case err != nil:
		return lack(err)
	case n > s.opt.Bytes:
		return fault.TooLarge.Saying(fmt.Sprintf("The upload has more than %d bytes.", s.opt.Bytes))
	}
	return f.finish()
}

// A source remembers that reading failed, to tell it from a failure to write.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// inspect finds out what was uploaded. whole is the file to be kept, which may be f.
func (s *Service) inspect(ctx context.Context, f *scratch) (m Medium, whole *scratch, thumbnail []byte, err error) {
	head := make([]byte, min(f.size, 512))
	if _, err := f.ReadAt(head, 0); err != nil {
		return Medium{}, nil, nil, lack(err)
	}
	if kind := pictureType(head); kind != "" {
		m, clean, thumbnail, err := s.picture(ctx, f, cleaners[kind])
		if err == nil || !errors.Is(err, errNoPicture) {
			return m, clean, thumbnail, err
		}
	}
	r, ok, err := recordingOf(f, head, f.size)
	if err != nil {
		return Medium{}, nil, nil, lack(err)
	}
	if !ok {
		return Medium{Type: unknownType}, f, nil, nil
	}
	return Medium{Type: r.mediaType, Width: r.width, Height: r.height, Duration: r.duration}, f, nil, nil
}

// picture cleans a picture, and makes the preview of it. errNoPicture: it is none, or not whole.
func (s *Service) picture(ctx context.Context, f *scratch, clean cleaner) (m Medium, whole *scratch, thumbnail []byte, err error) {
	out, err := s.temp()
	if err != nil {
		return Medium{}, nil, nil, err
	}
	defer func() {
		if err != nil {
			out.forget()
		}
	}()
	p, err := clean(out, f.reader(), f.size)
	switch {
	case p.pixels() > s.opt.Pixels && (err == nil || p.checked): // before anything is decoded
		return Medium{}, nil, nil, fault.TooLarge.Saying(fmt.Sprintf("The picture has more than %d pixels.", s.opt.Pixels))
	case errors.Is(err, errNoPicture):
		return Medium{}, nil, nil, err
	case err != nil:
		return Medium{}, nil, nil, lack(err)
	}
	if err := out.finish(); err != nil {
		return Medium{}, nil, nil, err
	}
	v, err := s.preview(ctx, out, &p)
	if err != nil {
		return Medium{}, nil, nil, err
	}
	m = Medium{Type: p.mediaType, Thumbnail: v.thumbnail != nil, Placeholder: v.placeholder, Look: v.look}
	m.Width, m.Height = p.shown()
	return m, out, v.thumbnail, nil
}

// previewBytes is what making a preview takes beside the picture itself.
const previewBytes = 24 << 20

// collectBytes is what is collected at once when it is not needed any more: the
// collector would otherwise let it double before it begins.
const collectBytes = previewBytes + 16<<20

// preview makes the preview of a picture once there is memory for it. One that
// would take too much, or that cannot be decoded here, has none.
func (s *Service) preview(ctx context.Context, f *scratch, p *picture) (preview, error) {
	cost := p.cost + previewBytes
	if !p.still || cost > s.opt.DecodeBytes {
		return preview{}, nil
	}
	if err := s.memory.Acquire(ctx, cost); err != nil {
		return preview{}, fault.Unavailable
	}
	defer s.memory.Release(cost)
	if cost > collectBytes {
		defer runtime.GC()
	}
	return previewOf(f.reader(), p)
}

// thumbnailKey is where the thumbnail of a medium is kept.
func thumbnailKey(m id.Media) string { return string(m) + ".thumb" }

// keep stores a medium. The record is there first and says that it is pending, so
// that whatever is left of an upload that ends in the middle is found and swept.
func (s *Service) keep(ctx context.Context, m Medium, whole *scratch, thumbnail []byte) (Medium, error) {
	m.At, m.Pending = s.now(), true
	if err := s.store.PutMedium(ctx, m); err != nil {
		return Medium{}, err
	}
	if err := s.blobs.Put(ctx, string(m.ID), io.NewSectionReader(whole, 0, m.Size), m.Size, m.Type); err != nil {
		return Medium{}, err
	}
	if m.Thumbnail {
		err := s.blobs.Put(ctx, thumbnailKey(m.ID), bytes.NewReader(thumbnail), int64(len(thumbnail)), thumbnailType)
		if err != nil {
			return Medium{}, err
		}
	}
	m.Pending = false
	if err := s.store.PutMedium(ctx, m); err != nil {
		return Medium{}, err
	}
	return m, nil
}
