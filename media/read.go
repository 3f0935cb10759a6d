package media

import (
	"context"
	"errors"
	"io"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Get finds a medium for somebody who may see it: its owner, or who may see
// something that carries it. For everybody else it does not exist (fault.NotFound).
func (s *Service) Get(ctx context.Context, u id.User, name string) (Medium, error) {
	m, carriers, err := s.find(ctx, name)
	if err != nil || m.Owner == u {
		return m, err
	}
	for _, c := range carriers {
		w := s.witnesses[c.Kind]
		if w == nil {
			continue
		}
		ok, err := w.MayRead(ctx, u, c.ID, m.ID)
		if err != nil {
			return Medium{}, err
		}
		if ok {
			return m, nil
		}
	}
	return Medium{}, fault.NotFound
}

// find is a medium that is there for somebody.
func (s *Service) find(ctx context.Context, name string) (Medium, []Carrier, error) {
	of, ok := id.ParseMedia(name)
	if !ok {
		return Medium{}, nil, fault.NotFound
	}
	m, carriers, err := s.store.Medium(ctx, of)
	switch {
	case errors.Is(err, ErrUnknown):
		return Medium{}, nil, fault.NotFound
	case err != nil:
		return Medium{}, nil, err
	case m.Pending, !m.Doomed.IsZero(), len(carriers) == 0 && s.now().Sub(m.At) > s.opt.Keep:
		return Medium{}, nil, fault.NotFound
	}
	return m, carriers, nil
}

// Content reads the bytes of a medium that Get found. It is to be closed.
func (s *Service) Content(ctx context.Context, m Medium) io.ReadSeekCloser {
	return &content{ctx: ctx, blobs: s.blobs, key: string(m.ID), size: m.Size}
}

// thumbnailMost is more bytes than a thumbnail has.
const thumbnailMost = 4 << 20

// Thumbnail reads the small JPEG of a medium that Get found. fault.NotFound: it has none.
func (s *Service) Thumbnail(ctx context.Context, m Medium) ([]byte, error) {
	if !m.Thumbnail {
		return nil, fault.NotFound
	}
	r, err := s.blobs.Open(ctx, thumbnailKey(m.ID), 0, thumbnailMost)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// content opens its blob where it is first read from, and again after every seek.
type content struct {
	ctx   context.Context
	blobs Blobs
	key   string
	size  int64
	at    int64
	open  io.ReadCloser
}

var errSeek = errors.New("seek before the beginning")

// Seek implements io.Seeker.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errSeek
	}
	if offset != c.at {
		_ = c.Close()
	}
	c.at = offset
	return offset, nil
}

// Read implements io.Reader.
func (c *content) Read(b []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.open == nil {
		r, err := c.blobs.Open(c.ctx, c.key, c.at, c.size-c.at)
		if err != nil {
			return 0, err
		}
		c.open = r
	}
	n, err := c.open.Read(b)
	c.at += int64(n)
	if err == io.EOF && c.at < c.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer.
func (c *content) Close() error {
	if c.open == nil {
		return nil
	}
	err := c.open.Close()
	c.open = nil
	return err
}
