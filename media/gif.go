package media

import (
	"bufio"
	"encoding/binary"
	"io"
)

// Blocks of GIF.
const (
	gifExtension = 0x21
	gifImage     = 0x2c
	gifTrailer   = 0x3b

	gifControl     = 0xf9 // how the next image is shown
	gifApplication = 0xff
)

// gifKept are the applications whose data change how a picture looks: how often
// an animation repeats, and colours.
var gifKept = map[string]bool{"NETSCAPE2.0": true, "ANIMEXTS1.0": true, "ICCRGBG1012": true}

// cleanGIF keeps images and how they follow each other; comments, texts and
// other applications' data go.
func cleanGIF(dst io.Writer, src *bufio.Reader, _ int64) (picture, error) {
	c := copier{dst: dst, src: src}
	p := picture{mediaType: "image/gif", still: true}
	var head [13]byte
	c.read(head[:])
	if v := string(head[:6]); v != "GIF87a" && v != "GIF89a" {
		c.fail(errNoPicture)
	}
	p.width, p.height = int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:]))
	if p.width == 0 || p.height == 0 {
		c.fail(errNoPicture)
	}
	p.cost = 2 * p.pixels() // a byte each, and again for one that is interlaced
	c.write(head[:]...)
	gifColours(&c, head[10])
	for images := 0; c.err == nil; {
		switch block := c.readByte(); block {
		case gifExtension:
			gifExtra(&c)
		case gifImage:
			images++
			var at [9]byte
			c.read(at[:])
			c.write(block)
			c.write(at[:]...)
			gifColours(&c, at[8])
			c.copy(1) // the size of the first codes
			gifData(&c, true)
		case gifTrailer:
			if images == 0 {
				c.fail(errNoPicture)
			}
			c.write(block)
			return p, c.err
		default:
			c.fail(errNoPicture)
		}
	}
	return p, c.err
}

// gifColours copies the table of colours that flags announce.
func gifColours(c *copier, flags byte) {
	if flags&0x80 != 0 {
		c.copy(3 << (flags&7 + 1))
	}
}

// gifExtra copies an extension that is to be kept, and passes over others.
func gifExtra(c *copier) {
	switch label := c.readByte(); label {
	case gifControl:
		c.write(gifExtension, label)
		gifData(c, true)
	case gifApplication:
		n := c.readByte()
		name := make([]byte, n)
		c.read(name)
		keep := gifKept[string(name)]
		if keep {
			c.write(gifExtension, label, n)
			c.write(name...)
		}
		gifData(c, keep)
	default:
		gifData(c, false)
	}
}

// gifData copies sub-blocks, or passes over them, up to the empty one.
func gifData(c *copier, keep bool) {
	for c.err == nil {
		n := c.readByte()
		if c.err != nil {
			return
		}
		if keep {
			c.write(n)
			c.copy(int64(n))
		} else {
			c.skip(int64(n))
		}
		if n == 0 {
			return
		}
	}
}
