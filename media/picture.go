package media

import (
	"bufio"
	"errors"
	"io"
)

// A picture is what was found out about an image while it was cleaned.
type picture struct {
	mediaType     string
	width, height int   // as stored
	checked       bool  // a checksum says that they are meant so, even if the rest is broken
	orientation   int   // 0 or 1: as stored
	cost          int64 // bytes of memory that decoding it takes at most
	still         bool  // it can be decoded here
}

// shown are the width and height of a picture as it is looked at.
func (p *picture) shown() (width, height int) {
	if p.orientation >= 5 {
		return p.height, p.width
	}
	return p.width, p.height
}

// sideMost is how many pixels a picture may be wide or high: decoders hold a few rows at once.
const sideMost = 1 << 16

// pixels counts those of a picture; it is beyond every limit if a side is.
func (p *picture) pixels() int64 {
	if p.width > sideMost || p.height > sideMost {
		return int64(1) << 62
	}
	return int64(p.width) * int64(p.height)
}

// errNoPicture is a file that only looks like a picture at its beginning.
var errNoPicture = errors.New("no whole picture")

// A cleaner copies a picture of its format without what tells of where and how
// it was taken, and without whatever is not part of the picture. It changes
// nothing of how the picture looks, and decodes nothing.
type cleaner func(dst io.Writer, src *bufio.Reader, size int64) (picture, error)

var cleaners = map[string]cleaner{
	"image/jpeg": cleanJPEG,
	"image/png":  cleanPNG,
	"image/gif":  cleanGIF,
	"image/webp": cleanWebP,
}

// A copier copies from a picture to its clean form, remembering the first error.
// After one it does nothing.
type copier struct {
	dst io.Writer
	src *bufio.Reader
	err error
}

func (c *copier) fail(err error) {
	if c.err == nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errNoPicture
		}
		c.err = err
	}
}

// read fills b.
func (c *copier) read(b []byte) {
	if c.err != nil {
		clear(b)
		return
	}
	if _, err := io.ReadFull(c.src, b); err != nil {
		clear(b)
		c.fail(err)
	}
}

func (c *copier) readByte() byte {
	var b [1]byte
	c.read(b[:])
	return b[0]
}

func (c *copier) write(b ...byte) {
	if c.err == nil {
		if _, err := c.dst.Write(b); err != nil {
			c.fail(err)
		}
	}
}

// copy copies n bytes.
func (c *copier) copy(n int64) {
	if c.err == nil {
		if _, err := io.CopyN(c.dst, c.src, n); err != nil {
			c.fail(err)
		}
	}
}

// skip passes over n bytes.
func (c *copier) skip(n int64) {
	if c.err == nil {
		if _, err := io.CopyN(io.Discard, c.src, n); err != nil {
			c.fail(err)
		}
	}
}
