package media

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that change how a picture looks, or are it.
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, "tRNS": true,
	"cHRM": true, "gAMA": true, "iCCP": true, "sBIT": true, "sRGB": true, "cICP": true, "mDCV": true, "cLLI": true,
	"bKGD": true, "pHYs": true, "acTL": true, "fcTL": true, "fdAT": true,
}

// cleanPNG keeps the picture, its colours and animation, and the orientation.
func cleanPNG(dst io.Writer, src *bufio.Reader, size int64) (picture, error) {
	c := copier{dst: dst, src: src}
	p := picture{mediaType: "image/png", still: true}
	var head [8]byte
	c.read(head[:])
	if string(head[:]) != pngSignature {
		c.fail(errNoPicture)
	}
	c.write(head[:]...)
	data := false
	for first := true; c.err == nil; first = false {
		c.read(head[:])
		length, name := int64(binary.BigEndian.Uint32(head[:4])), string(head[4:])
		switch {
		case length > size, first != (name == "IHDR"):
			c.fail(errNoPicture)
		case name == "IHDR":
			pngHeader(&c, &p, length)
		case name == "eXIf" && length <= exifMost && p.orientation == 0:
			body := make([]byte, length)
			c.read(body)
			c.skip(4)
			if p.orientation = orientationOf(body); p.orientation > 1 {
				pngChunk(&c, name, onlyOrientation(p.orientation))
			}
		case pngKept[name]:
			data = data || name == "IDAT"
			c.write(head[:]...)
			c.copy(length + 4)
			if name == "IEND" {
				if !data {
					c.fail(errNoPicture)
				}
				return p, c.err
			}
		default:
			c.skip(length + 4)
		}
	}
	return p, c.err
}

func pngHeader(c *copier, p *picture, length int64) {
	if length != 13 {
		c.fail(errNoPicture)
		return
	}
	var h [13 + 4]byte
	c.read(h[:])
	if crc32.ChecksumIEEE(append([]byte("IHDR"), h[:13]...)) != binary.BigEndian.Uint32(h[13:]) {
		c.fail(errNoPicture)
		return
	}
	width, height := binary.BigEndian.Uint32(h[:]), binary.BigEndian.Uint32(h[4:])
	if width == 0 || height == 0 || width > 1<<31-1 || height > 1<<31-1 {
		c.fail(errNoPicture)
		return
	}
	p.width, p.height, p.checked = int(width), int(height), true
	p.cost = 4 * p.pixels() // at most four samples a pixel
	if depth := h[8]; depth == 16 {
		p.cost *= 2
	}
	if interlaced := h[12]; interlaced != 0 {
		p.cost *= 2 // the passes are decoded apart
	}
	pngChunk(c, "IHDR", h[:13])
}

func pngChunk(c *copier, name string, body []byte) {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	c.write(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))...)
}
