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

	webmTags        = 0x1254c367
	webmAttachments = 0x1941a469
	webmTitle       = 0x7ba9 // and what follows, in webmInfo
	webmDate        = 0x4461
	webmFile        = 0x7384 // names of this file, the one before and the one after
	webmFileBefore  = 0x3c83ab
	webmFileAfter   = 0x3e83bb
	webmSum         = 0xbf
	webmVoid        = 0xec
)

// webmElementsMost bounds the elements that are looked at: a film has one for
// each few seconds, or, where it does not tell how long those are, for each picture.
const webmElementsMost = 100_000

// readWebM walks over the elements of a film or sound. What is told beside the
// tracks (tags, titles, the date) is made void; nothing changes its place.
func readWebM(f file, size int64) (recording, bool, error) {
	w := webm{f: f, scale: 1e6, elements: webmElementsMost}
	w.walk(0, size, 0)
	if w.doc != "webm" || !w.video && !w.audio {
		return recording{}, false, nil
	}
	for _, s := range w.erase { // only now that it is known to be one
		if err := void(f, s.at, s.n); err != nil {
			return recording{}, false, err
		}
	}
	switch {
	case w.video:
		w.mediaType = "video/webm"
	default:
		w.mediaType = "audio/webm"
	}
	w.duration = seconds(w.length*w.scale, 1e9)
	return w.recording, true, nil
}

// void makes an element one without content.
func void(f io.WriterAt, at, n int64) error {
	head := []byte{webmVoid, 0x80 | byte(n-2)}
	if n >= 9 {
		head = binary.BigEndian.AppendUint64(head[:1], 1<<56|uint64(n-9))
	}
	if _, err := f.WriteAt(head, at); err != nil {
		return err
	}
	return zero(f, at+int64(len(head)), n-int64(len(head)))
}

type webm struct {
	recording
	f            io.ReaderAt
	elements     int // that may still come
	doc          string
	video, audio bool
	scale        float64 // nanoseconds in a unit of time
	length       float64 // in units
	erase        []span
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
		if lengthLen == 0 {
			return false
		}
		body := at + int64(idLen+lengthLen)
		known := length < math.MaxInt64
		if id == webmCluster && !known { // what is in it is stepped over
			at = body
			continue
		}
		to := end // of unknown length
		if known {
			to = body + int64(length)
		}
		if to > end || to < body {
			to = end
		}
		if known && tells(id, in) {
			w.erase = append(w.erase, span{at: at, n: to - at})
		} else if !w.element(id, in, body, to) {
			return false
		}
		at = to
	}
	return true
}

// tells is whether an element says what nobody needs who plays the film. The sum
// over what it stands in would be wrong without it.
func tells(id, in uint64) bool {
	switch in {
	case 0:
		return id == webmVoid
	case webmSegment:
		return id == webmTags || id == webmAttachments || id == webmVoid
	case webmInfo:
		switch id {
		case webmTitle, webmDate, webmFile, webmFileBefore, webmFileAfter, webmSum, webmVoid:
			return true
		}
	}
	return false
}

// element handles one element, and tells whether to go on.
func (w *webm) element(id, in uint64, body, end int64) bool {
	switch {
	case in == 0 && (id == ebmlHeader || id == webmSegment), id == webmInfo && in == webmSegment, id == webmTracks && in == webmSegment,
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
