package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	jpegTEM   = 0x01
	jpegSOF0  = 0xc0
	jpegDHT   = 0xc4
	jpegSOF2  = 0xc2 // progressive
	jpegJPG   = 0xc8
	jpegDAC   = 0xcc
	jpegSOF15 = 0xcf
	jpegRST0  = 0xd0
	jpegRST7  = 0xd7
	jpegSOI   = 0xd8
	jpegEOI   = 0xd9
	jpegSOS   = 0xda
	jpegDQT   = 0xdb
	jpegDRI   = 0xdd
	jpegAPP0  = 0xe0
	jpegAPP1  = 0xe1
	jpegAPP2  = 0xe2
	jpegAPP14 = 0xee
)

// jpegScansMost bounds the scans of a picture. Each makes a decoder go over all
// of it; encoders make about ten.
const jpegScansMost = 64

// cleanJPEG keeps what decoders need, the colour profile and the orientation.
func cleanJPEG(dst io.Writer, src *bufio.Reader, _ int64) (picture, error) {
	j := jpegCleaner{copier: copier{dst: dst, src: src}, picture: picture{mediaType: "image/jpeg", still: true}}
	var soi [2]byte
	j.read(soi[:])
	if soi != [2]byte{0xff, jpegSOI} {
		j.fail(errNoPicture)
	}
	j.write(soi[:]...)
	for j.err == nil && !j.ended {
		j.segment(j.marker())
	}
	if j.err == nil && (j.width == 0 || j.height == 0 || j.scans == 0) {
		j.fail(errNoPicture)
	}
	return j.picture, j.err
}

type jpegCleaner struct {
	copier
	picture
	scans int
	rgb   bool // colours are not those of JFIF, and converted
	next  byte // a marker that ended coded data, and is yet to be handled; 0: none
	ended bool
}

// marker reads the next marker.
func (j *jpegCleaner) marker() byte {
	if m := j.next; m != 0 {
		j.next = 0
		return m
	}
	if j.readByte() != 0xff {
		j.fail(errNoPicture)
	}
	m := j.readByte()
	for m == 0xff && j.err == nil {
		m = j.readByte()
	}
	return m
}

// segment handles what a marker begins.
func (j *jpegCleaner) segment(m byte) {
	switch {
	case j.err != nil:
		return
	case m == jpegEOI:
		j.write(0xff, m)
		j.ended = true
		return
	case m == jpegTEM, m >= jpegRST0 && m <= jpegRST7:
		return // they stand alone, and mean nothing here
	}
	var length [2]byte
	j.read(length[:])
	n := int(binary.BigEndian.Uint16(length[:])) - 2
	if n < 0 {
		j.fail(errNoPicture)
		return
	}
	body := make([]byte, n)
	j.read(body)
	if j.err != nil {
		return
	}
	switch {
	case m == jpegSOS:
		if j.scans++; j.scans > jpegScansMost || j.width == 0 {
			j.fail(errNoPicture)
		}
		j.put(m, body)
		j.scan()
	case m == jpegDHT, m == jpegDAC, m == jpegDQT, m == jpegDRI:
		j.put(m, body)
	case m >= jpegSOF0 && m <= jpegSOF15 && m != jpegJPG:
		j.frame(m, body)
	case m >= jpegAPP0 && m <= jpegAPP0|0xf:
		j.app(m, body)
	}
}

func (j *jpegCleaner) put(m byte, body []byte) {
	n := len(body) + 2
	j.write(0xff, m, byte(n>>8), byte(n))
	j.write(body...)
}

// app keeps of an application's data what changes the look of the picture.
func (j *jpegCleaner) app(m byte, body []byte) {
	switch {
	case m == jpegAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) >= 14:
		body = bytes.Clone(body[:14])
		body[12], body[13] = 0, 0 // without its thumbnail
		j.put(m, body)
	case m == jpegAPP1 && bytes.HasPrefix(body, []byte("Exif\x00")) && len(body) > 6 && j.orientation == 0:
		j.orientation = orientationOf(body[6:])
		if j.orientation > 1 {
			j.put(m, append([]byte("Exif\x00\x00"), onlyOrientation(j.orientation)...))
		}
	case m == jpegAPP2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
		j.put(m, body)
	case m == jpegAPP14 && bytes.HasPrefix(body, []byte("Adobe")) && len(body) >= 12:
		j.put(m, body[:12])
		j.rgb = j.rgb || body[11] == 0
	}
}

// frame reads the size of the picture.
func (j *jpegCleaner) frame(m byte, body []byte) {
	if len(body) < 6 || j.width != 0 || len(body) < 6+3*int(body[5]) || body[5] == 0 || body[5] > 4 {
		j.fail(errNoPicture)
		return
	}
	j.height, j.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if j.width == 0 || j.height == 0 {
		j.fail(errNoPicture)
		return
	}
	// A decoder holds a byte for each sample, and of a progressive picture four more
	// for its coefficients; components are sampled down by the ratio of their factors.
	// What is no YCbCr is then converted to four bytes a pixel.
	components := int64(body[5])
	samples, most := int64(0), int64(1)
	for i := range components {
		f := body[6+3*i+1]
		area := int64(f>>4) * int64(f&0xf)
		samples, most = samples+area, max(most, area)
	}
	perSample := int64(1)
	if m == jpegSOF2 {
		perSample = 5
	}
	pixels := int64(j.width+32) * int64(j.height+32) // whole blocks
	j.cost = pixels * samples * perSample / most
	if components == 4 || j.rgb || components == 3 && body[6] == 'R' {
		j.cost += 4 * pixels
	}
	j.put(m, body)
}

// scan copies coded data up to the next marker that is not part of them.
func (j *jpegCleaner) scan() {
	for j.err == nil {
		chunk, err := j.src.ReadSlice(0xff)
		if err == bufio.ErrBufferFull {
			j.write(chunk...)
			continue
		}
		if err != nil {
			j.fail(err)
			return
		}
		j.write(chunk[:len(chunk)-1]...)
		m := j.readByte()
		for m == 0xff && j.err == nil { // fill
			m = j.readByte()
		}
		if m != 0 && (m < jpegRST0 || m > jpegRST7) {
			j.next = m
			return
		}
		j.write(0xff, m)
	}
}
