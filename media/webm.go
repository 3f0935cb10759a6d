package media

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
)

// Elements of WebM (RFC 9559), as their ids are written.
const (
	ebmlHeader  = 0x1a45dfa3
	ebmlDocType = 0x4282

	webmSegment  = 0x18538067
	webmInfo     = 0x1549a966
	webmScale    = 0x2ad7b1
	webmDuration = 0x4489
	webmTracks   = 0x1654ae6b
	webmTrack    = 0xae
	webmKind     = 0x83
	webmVideo    = 0xe0
	webmWidth    = 0xb0
	webmHeight   = 0xba
	webmCluster  = 0x1f43b675
)

// readWebM reads what stands before the first piece of sound or film.
func readWebM(f io.ReaderAt, size int64) (recording, bool) {
	w := webm{f: f, scale: 1e6, elements: 1000}
	w.walk(0, size, 0)
	switch {
	case w.doc != "webm" || !w.video && !w.audio:
		return recording{}, false
	case w.video:
		w.mediaType = "video/webm"
	default:
		w.mediaType = "audio/webm"
	}
	w.duration = seconds(w.length*w.scale, 1e9)
	return w.recording, true
}

type webm struct {
	recording
	f            io.ReaderAt
	elements     int // that may still come
	doc          string
	video, audio bool
	scale        float64 // nanoseconds in a unit of time
	length       float64 // in units
}

// walk goes over the elements between two places, and tells whether to go on behind them.
func (w *webm) walk(at, end int64, in uint64) bool {
	for at < end {
		if w.elements--; w.elements < 0 {
			return false
		}
		var h [12]byte
		n, err := w.f.ReadAt(h[:min(12, end-at)], at)
		if err != nil && err != io.EOF {
			return false
		}
		id, idLen := vint(h[:n], false)
		if idLen == 0 || idLen > 4 {
			return false
		}
		length, lengthLen := vint(h[idLen:n], true)
		if lengthLen == 0 || id == webmCluster {
			return false
		}
		body := at + int64(idLen+lengthLen)
		to := end // of unknown length
		if length < math.MaxInt64 {
			to = body + int64(length)
		}
		if to > end || to < body {
			to = end
		}
		if !w.element(id, in, body, to) {
			return false
		}
		at = to
	}
	return true
}

// element handles one element, and tells whether to go on.
func (w *webm) element(id, in uint64, body, end int64) bool {
	switch {
	case id == ebmlHeader, id == webmSegment, id == webmInfo && in == webmSegment, id == webmTracks && in == webmSegment,
		id == webmTrack && in == webmTracks, id == webmVideo && in == webmTrack:
		return w.walk(body, end, id)
	case id == ebmlDocType && in == ebmlHeader:
		w.doc = string(w.value(body, end))
	case id == webmScale && in == webmInfo:
		w.scale = float64(w.number(body, end))
	case id == webmDuration && in == webmInfo:
		switch b := w.value(body, end); len(b) {
		case 4:
			w.length = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
		case 8:
			w.length = math.Float64frombits(binary.BigEndian.Uint64(b))
		}
	case id == webmKind && in == webmTrack:
		kind := w.number(body, end)
		w.video, w.audio = w.video || kind == 1, w.audio || kind == 2
	case id == webmWidth && in == webmVideo && w.width == 0:
		w.width = int(w.number(body, end) & 0xffff)
	case id == webmHeight && in == webmVideo && w.height == 0:
		w.height = int(w.number(body, end) & 0xffff)
	}
	return true
}

// value is a small element's content.
func (w *webm) value(body, end int64) []byte {
	if end-body > 8 || end <= body {
		return nil
	}
	b := make([]byte, end-body)
	if _, err := w.f.ReadAt(b, body); err != nil && err != io.EOF {
		return nil
	}
	return b
}

func (w *webm) number(body, end int64) (n uint64) {
	for _, b := range w.value(body, end) {
		n = n<<8 | uint64(b)
	}
	return n
}

// vint reads a number of variable length; of an id the bits that tell the length
// are part. A length of all ones is unknown. n is 0 if there is none.
func vint(b []byte, length bool) (v uint64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if n > len(b) {
		return 0, 0
	}
	v = uint64(b[0])
	if length {
		v &= 1<<(8-n) - 1
	}
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
	}
	if length && v == 1<<(7*n)-1 {
		v = math.MaxUint64
	}
	return v, n
}
