package media

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// errMalformed is sound or film that is not built as it should be.
var errMalformed = errors.New("malformed")

// mp4BoxesMost bounds the boxes that are looked at. A film has a few dozen, and
// one for each fragment.
const mp4BoxesMost = 100_000

// mp4Kept are the boxes that are needed to see and hear it, by the box around
// them. All others there are free space afterwards.
var mp4Kept = map[string][]string{
	"":     {"ftyp", "styp", "pdin", "moov", "moof", "mfra", "mdat", "sidx", "ssix"},
	"moov": {"mvhd", "trak", "mvex", "iods", "pssh", "ctab"},
	"trak": {"tkhd", "tref", "trgr", "edts", "mdia", "tapt", "clip", "matt", "load", "imap"},
	"mdia": {"mdhd", "elng", "hdlr", "minf"},
}

// readMP4 walks over the boxes of a film or sound (ISO/IEC 14496-12). What is
// told beside pictures and sound (places, names, devices) is made free space, and
// times of creation are zeroed; nothing changes its place.
func readMP4(f file, size int64, brand string) (recording, bool, error) {
	m := mp4{f: f, size: size, boxes: mp4BoxesMost}
	err := m.walk(0, size, "")
	if err == nil {
		err = m.gather()
	}
	switch {
	case errors.Is(err, errMalformed), err == nil && !m.video && !m.audio:
		return recording{}, false, nil
	case err != nil:
		return recording{}, false, err
	}
	for _, b := range m.erase { // only now that it is known to be one
		if err := m.blank(b); err != nil {
			return recording{}, false, err
		}
	}
	m.mediaType = "audio/mp4"
	if m.video {
		m.mediaType = "video/mp4"
		if brand == "qt  " {
			m.mediaType = "video/quicktime"
		}
	}
	return m.recording, true, nil
}

type mp4 struct {
	recording
	f            file
	size         int64
	boxes        int // that may still come
	video, audio bool
	fragments    bool
	track        mp4Track // that is being read
	dropped      bool     // some track is
	data         []span   // where samples may be
	samples      []span   // of tracks that are dropped
	sampled      int64    // bytes in them
	erase        []span
}

// A span is a piece of the file that is to be overwritten with zeros; a box
// besides gets the name of free space.
type span struct {
	at, n int64
	box   int64 // where the name stands; 0: it is no box
}

// walk goes over the boxes between two places; in is the box around them.
func (m *mp4) walk(at, end int64, in string) error {
	for at < end {
		if m.boxes--; m.boxes < 0 || end-at < 8 {
			return errMalformed
		}
		var h [16]byte
		if _, err := m.f.ReadAt(h[:min(16, end-at)], at); err != nil && err != io.EOF {
			return err
		}
		n, body := int64(binary.BigEndian.Uint32(h[:])), at+8
		switch n {
		case 0: // to the end
			n = end - at
		case 1:
			n, body = int64(binary.BigEndian.Uint64(h[8:])), at+16
		}
		if n < body-at || n > end-at {
			return errMalformed
		}
		if err := m.box(string(h[4:8]), in, at, body, at+n); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// box handles one box.
func (m *mp4) box(name, in string, at, body, end int64) error {
	if kept, ok := mp4Kept[in]; ok && !slices.Contains(kept, name) {
		m.erase = append(m.erase, span{body, end - body, at + 4})
		return nil
	}
	switch in + "/" + name {
	case "/moov", "trak/mdia", "minf/stbl":
		return m.walk(body, end, name)
	case "/moof":
		m.fragments = true
	case "/mdat":
		m.data = append(m.data, span{at: body, n: end - body})
	case "moov/trak":
		return m.readTrack(at, body, end)
	case "moov/mvhd":
		return m.times(body, end, true)
	case "mdia/mdhd":
		return m.times(body, end, false)
	case "trak/tkhd":
		return m.header(body, end)
	case "mdia/hdlr":
		return m.handler(body, end)
	case "mdia/minf":
		m.track.minf = span{at: body, n: end - body}
	case "stbl/stco", "stbl/co64", "stbl/stsc", "stbl/stsz", "stbl/stz2":
		m.track.tables[name] = span{at: body, n: end - body}
	}
	return nil
}

// fixed reads the beginning of a box with a version.
func (m *mp4) fixed(body, end int64, n int64) ([]byte, error) {
	if end-body < n {
		return nil, errMalformed
	}
	b := make([]byte, n)
	_, err := m.f.ReadAt(b, body)
	return b, err
}

// times reads a header that has creation and modification times, a time scale and a duration.
func (m *mp4) times(body, end int64, whole bool) error {
	b, err := m.fixed(body, end, 20)
	if err != nil {
		return err
	}
	scale, duration := uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
	stamps := int64(8)
	if b[0] == 1 {
		if b, err = m.fixed(body, end, 32); err != nil {
			return err
		}
		scale, duration, stamps = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:]), 16
	}
	m.erase = append(m.erase, span{body + 4, stamps, 0})
	if whole && scale > 0 && duration != 1<<32-1 {
		m.duration = seconds(float64(duration), float64(scale))
	}
	return nil
}

// header reads the size of a track and how it is turned.
func (m *mp4) header(body, end int64) error {
	v, err := m.fixed(body, end, 4)
	if err != nil {
		return err
	}
	n, stamps := int64(84), int64(8)
	if v[0] == 1 {
		n, stamps = 96, 16
	}
	b, err := m.fixed(body, end, n)
	if err != nil {
		return err
	}
	m.erase = append(m.erase, span{body + 4, stamps, 0})
	b = b[n-44:] // a matrix of nine, then width and height, with 16 bits of fraction
	m.track.turned = binary.BigEndian.Uint32(b) == 0 && binary.BigEndian.Uint32(b[4:]) != 0
	m.track.side = [2]int{int(binary.BigEndian.Uint32(b[36:]) >> 16), int(binary.BigEndian.Uint32(b[40:]) >> 16)}
	return nil
}

// handler reads what a track is.
func (m *mp4) handler(body, end int64) error {
	b, err := m.fixed(body, end, 12)
	if err != nil {
		return err
	}
	m.track.kind = string(b[8:12])
	return nil
}

// blank overwrites a span with zeros.
func (m *mp4) blank(s span) error {
	if s.box > 0 {
		if _, err := m.f.WriteAt([]byte("free"), s.box); err != nil {
			return err
		}
	}
	return zero(m.f, s.at, s.n)
}

// zero overwrites n bytes.
func zero(f io.WriterAt, at, n int64) error {
	zeros := make([]byte, min(n, 64<<10))
	for n > 0 {
		part := zeros[:min(n, int64(len(zeros)))]
		if _, err := f.WriteAt(part, at); err != nil {
			return err
		}
		at, n = at+int64(len(part)), n-int64(len(part))
	}
	return nil
}
