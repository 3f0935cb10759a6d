package media

import (
	"bufio"
	"encoding/binary"
	"io"
)

// Flags of the VP8X chunk (RFC 9649, 2.7).
const (
	webpAnimated = 1 << 1
	webpXMP      = 1 << 2
	webpExif     = 1 << 3
)

// vp8lTables is what the code tables of a lossless picture take at most: decoders
// refuse more of them, and each byte of a file makes no more than so many.
func vp8lTables(size int64) int64 { return min(170<<20, 512*size) }

// cleanWebP keeps the picture or animation, its transparency and colour profile,
// and the orientation. RIFF files begin with their length, which is only known at
// the end: dst has to be an io.WriterAt as well.
func cleanWebP(dst io.Writer, src *bufio.Reader, size int64) (picture, error) {
	w := webpCleaner{copier: copier{dst: dst, src: src}, picture: picture{mediaType: "image/webp", still: true}, size: size}
	var head [12]byte
	w.read(head[:])
	whole := int64(binary.LittleEndian.Uint32(head[4:])) + 8
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" || whole > size+1 || whole < 12 {
		w.fail(errNoPicture)
	}
	w.write(head[:]...)
	w.written = 12
	for left := whole - 12; w.err == nil && left >= 8; {
		left -= w.chunk(left)
	}
	if w.err == nil && (w.width == 0 || w.frames == 0) {
		w.fail(errNoPicture)
	}
	if w.err == nil && w.orientation > 1 {
		w.putChunk("EXIF", onlyOrientation(w.orientation))
		w.patch(20, []byte{w.flags | webpExif})
	}
	w.patch(4, binary.LittleEndian.AppendUint32(nil, uint32(w.written-8)))
	return w.picture, w.err
}

type webpCleaner struct {
	copier
	picture
	size     int64 // of the file
	extended bool  // it begins with a VP8X chunk
	flags    byte  // of it
	frames   int
	written  int64
}

// patch overwrites what was written.
func (w *webpCleaner) patch(at int64, b []byte) {
	if w.err != nil {
		return
	}
	if out, ok := w.dst.(io.WriterAt); ok {
		if _, err := out.WriteAt(b, at); err != nil {
			w.fail(err)
		}
	}
}

func (w *webpCleaner) putChunk(name string, body []byte) {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	w.write(b...)
	w.written += int64(len(b))
}

// chunk handles one chunk, of which there are at most left bytes, and returns how many it had.
func (w *webpCleaner) chunk(left int64) int64 {
	var head [8]byte
	w.read(head[:])
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	padded := n + n%2
	if n > left-8 {
		w.fail(errNoPicture)
	}
	if w.err != nil {
		return left
	}
	switch name := string(head[:4]); name {
	case "VP8X":
		w.header(n)
	case "VP8 ", "VP8L":
		w.frame(name)
		w.keep(head, padded)
	case "ANMF":
		if w.frames++; w.width == 0 {
			w.fail(errNoPicture)
		}
		w.still = false
		w.keep(head, padded)
	case "ALPH": // may be a lossless picture of its own
		w.cost += 4*w.pixels() + vp8lTables(w.size)
		w.keep(head, padded)
	case "ICCP", "ANIM":
		w.keep(head, padded)
	case "EXIF":
		w.exif(n)
	default:
		w.pass(n)
	}
	return 8 + padded
}

// keep copies a chunk. The last one may lack its padding.
func (w *webpCleaner) keep(head [8]byte, padded int64) {
	w.write(head[:]...)
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	w.copy(n)
	if padded > n {
		w.pad(n)
		w.write(0)
	}
	w.written += 8 + padded
}

// pad passes over what makes the length of a chunk even.
func (w *webpCleaner) pad(n int64) {
	if n%2 == 0 || w.err != nil {
		return
	}
	if _, err := w.src.ReadByte(); err != nil && err != io.EOF {
		w.fail(err)
	}
}

func (w *webpCleaner) pass(n int64) {
	w.skip(n)
	w.pad(n)
}

// header reads VP8X, which has to be first.
func (w *webpCleaner) header(n int64) {
	if n != 10 || w.written != 12 {
		w.fail(errNoPicture)
		return
	}
	var h [10]byte
	w.read(h[:])
	w.extended = true
	h[0] &^= webpXMP | webpExif
	w.flags = h[0]
	w.still = w.flags&webpAnimated == 0
	w.width = int(h[4]) | int(h[5])<<8 | int(h[6])<<16
	w.height = int(h[7]) | int(h[8])<<8 | int(h[9])<<16
	w.width++
	w.height++
	w.cost = 6 * w.pixels() // what a frame takes, and transparency
	w.putChunk("VP8X", h[:])
}

// frame reads the size of a coded picture. It has to be that of the header, if
// there is one: decoders take memory for what the frame says.
func (w *webpCleaner) frame(name string) {
	var width, height int
	if name == "VP8 " {
		b, err := w.src.Peek(10)
		if err != nil || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
			w.fail(errNoPicture)
			return
		}
		width, height = int(binary.LittleEndian.Uint16(b[6:]))&0x3fff, int(binary.LittleEndian.Uint16(b[8:]))&0x3fff
		w.cost = max(w.cost, 6*int64(width+16)*int64(height+16))
	} else {
		b, err := w.src.Peek(5)
		if err != nil || b[0] != 0x2f {
			w.fail(errNoPicture)
			return
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		width, height = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
		w.cost = max(w.cost, 10*int64(width)*int64(height)+vp8lTables(w.size))
	}
	w.frames++
	if w.frames > 1 || width == 0 || height == 0 || w.extended && (width != w.width || height != w.height) {
		w.fail(errNoPicture)
	}
	w.width, w.height = width, height
}

// exif keeps the orientation for the end.
func (w *webpCleaner) exif(n int64) {
	if n > exifMost || w.orientation != 0 || !w.extended {
		w.pass(n)
		return
	}
	body := make([]byte, n)
	w.read(body)
	w.pad(n)
	if len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
		body = body[6:]
	}
	w.orientation = orientationOf(body)
}
