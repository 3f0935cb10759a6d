package media

import (
	"bytes"
	"encoding/binary"
	"io"
)

// oggTail is how far from the end the last page of an Ogg file begins at most.
const oggTail = 65307

// readOgg reads the first page of sound in Ogg, and from the last one how long it is.
func readOgg(f io.ReaderAt, head []byte, size int64) (recording, bool) {
	if len(head) < 28 || 27+int(head[26]) > len(head) {
		return recording{}, false
	}
	first := head[27+int(head[26]):]
	var rate, skip float64
	switch {
	case bytes.HasPrefix(first, []byte("OpusHead")) && len(first) >= 12:
		rate, skip = 48_000, float64(binary.LittleEndian.Uint16(first[10:]))
	case bytes.HasPrefix(first, []byte("\x01vorbis")) && len(first) >= 16:
		rate = float64(binary.LittleEndian.Uint32(first[12:]))
	case bytes.HasPrefix(first, []byte("\x7fFLAC")):
	default:
		return recording{}, false
	}
	r := recording{mediaType: "audio/ogg"}
	tail := make([]byte, min(size, oggTail))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return r, true
	}
	if at := bytes.LastIndex(tail, []byte("OggS")); at >= 0 && len(tail)-at >= 14 && rate > 0 {
		if position := int64(binary.LittleEndian.Uint64(tail[at+6:])); position > 0 {
			r.duration = seconds(float64(position)-skip, rate)
		}
	}
	return r, true
}

// readWAV reads the chunks of sound in WAVE.
func readWAV(f io.ReaderAt, size int64) (recording, bool) {
	var perSecond uint32
	at := int64(12)
	for range 100 {
		var h [8]byte
		if _, err := f.ReadAt(h[:], at); err != nil {
			break
		}
		n := int64(binary.LittleEndian.Uint32(h[4:]))
		at += 8
		switch string(h[:4]) {
		case "fmt ":
			var b [16]byte
			if _, err := f.ReadAt(b[:], at); err != nil || n < 16 {
				return recording{}, false
			}
			perSecond = binary.LittleEndian.Uint32(b[8:])
		case "data":
			if perSecond == 0 {
				return recording{}, false
			}
			return recording{mediaType: "audio/wav", duration: seconds(float64(min(n, size-at)), float64(perSecond))}, true
		}
		at += n + n%2
	}
	return recording{}, false
}
