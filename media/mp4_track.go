package media

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// mp4TableMost is how large a table of a track may be whose samples are erased.
const mp4TableMost = 4 << 20

// An mp4Track is what was found of a track while it is read.
type mp4Track struct {
	kind   string // "vide", "soun", or something else
	side   [2]int
	turned bool // it is shown turned by a quarter
	minf   span // what leads to its samples
	tables map[string]span
}

// readTrack reads a track. Pictures and sound stay. All others go, with their
// samples: in them devices write where they are, as numbers or as subtitles.
func (m *mp4) readTrack(at, body, end int64) error {
	before := len(m.erase)
	m.track = mp4Track{tables: map[string]span{}}
	if err := m.walk(body, end, "trak"); err != nil {
		return err
	}
	switch t := &m.track; t.kind {
	case "vide":
		if !m.video {
			m.width, m.height = t.side[0], t.side[1]
			if t.turned {
				m.width, m.height = m.height, m.width
			}
		}
		m.video = true
	case "soun":
		m.audio = true
	default:
		m.erase = append(m.erase[:before], span{body, end - body, at + 4})
		return m.eraseSamples()
	}
	return nil
}

// eraseSamples has the samples of a track erased. They lie in chunks; tables tell
// where each chunk begins, how many samples it has, and how large each is.
func (m *mp4) eraseSamples() error {
	m.dropped = true
	if err := m.walk(m.track.minf.at, m.track.minf.at+m.track.minf.n, "minf"); err != nil {
		return err
	}
	places, wide, err := m.chunks()
	if err != nil || len(places) == 0 {
		return err
	}
	runs, err := m.table("stsc", 8)
	if err != nil {
		return err
	}
	sizes, err := m.sizes()
	if err != nil {
		return err
	}
	var samples, each int64 // so far, and in each chunk of this run
	for chunk := uint32(1); len(places) > 0; chunk++ {
		if m.boxes--; m.boxes < 0 {
			return errMalformed
		}
		if len(runs) >= 20 && binary.BigEndian.Uint32(runs[8:]) == chunk { // from this one on
			each, runs = int64(binary.BigEndian.Uint32(runs[12:])), runs[12:]
		}
		n, ok := sizes.sum(samples, each)
		at := int64(binary.BigEndian.Uint32(places))
		if wide == 8 {
			at = int64(binary.BigEndian.Uint64(places))
		}
		if !ok || each == 0 || at < 0 || n > m.size-m.sampled {
			return errMalformed
		}
		m.sampled += n
		m.samples = append(m.samples, span{at: at, n: n})
		samples, places = samples+each, places[wide:]
	}
	return nil
}

// table reads a table of the track, which begins with some bytes of its own. It
// is empty if there is none.
func (m *mp4) table(name string, head int64) ([]byte, error) {
	t, ok := m.track.tables[name]
	switch {
	case !ok:
		return nil, nil
	case t.n < head || t.n > mp4TableMost:
		return nil, errMalformed
	}
	return m.fixed(t.at, t.at+t.n, t.n)
}

// chunks reads where the chunks of the track begin, as numbers of so many bytes.
func (m *mp4) chunks() (places []byte, wide int, err error) {
	name, wide := "stco", 4
	if _, ok := m.track.tables["co64"]; ok {
		name, wide = "co64", 8
	}
	b, err := m.table(name, 8)
	if err != nil || b == nil {
		return nil, wide, err
	}
	n := int64(binary.BigEndian.Uint32(b[4:]))
	if b = b[8:]; int64(len(b)) < n*int64(wide) {
		return nil, wide, errMalformed
	}
	return b[:n*int64(wide)], wide, nil
}

// mp4Sizes are the sizes of a track's samples: all the same, or of some bits each.
type mp4Sizes struct {
	same  int64
	count int64
	bits  int64
	table []byte
}

func (m *mp4) sizes() (mp4Sizes, error) {
	s := mp4Sizes{bits: 32}
	b, err := m.table("stsz", 12)
	if b == nil && err == nil {
		if b, err = m.table("stz2", 12); b != nil {
			s.bits = int64(b[7])
			clear(b[4:8])
		}
	}
	if err != nil || b == nil {
		return s, err
	}
	s.same, s.count, s.table = int64(binary.BigEndian.Uint32(b[4:])), int64(binary.BigEndian.Uint32(b[8:])), b[12:]
	if s.same == 0 && int64(len(s.table)) < (s.count*s.bits+7)/8 {
		return s, errMalformed
	}
	return s, nil
}

// sum is the size of some samples together; ok is false if there are not so many.
func (s *mp4Sizes) sum(from, n int64) (sum int64, ok bool) {
	if n > s.count-from {
		return 0, false
	}
	if s.same > 0 {
		return n * s.same, n < 1<<31
	}
	for i := from; i < from+n; i++ {
		switch s.bits {
		case 4:
			sum += int64(s.table[i/2] >> (4 - 4*(i%2)) & 0xf)
		case 8:
			sum += int64(s.table[i])
		case 16:
			sum += int64(binary.BigEndian.Uint16(s.table[2*i:]))
		case 32:
			sum += int64(binary.BigEndian.Uint32(s.table[4*i:]))
		default:
			return 0, false
		}
	}
	return sum, true
}

// gather adds the samples of dropped tracks to what is to be erased, if they lie
// where samples do. Those of fragments are not looked for: such a film is none.
func (m *mp4) gather() error {
	if m.dropped && m.fragments {
		return errMalformed
	}
	for _, s := range m.samples {
		i, found := slices.BinarySearchFunc(m.data, s.at, func(d span, at int64) int { return cmp.Compare(d.at, at) })
		if !found {
			i-- // the last that begins before
		}
		if i < 0 || s.n > m.data[i].at+m.data[i].n-s.at {
			return errMalformed
		}
	}
	m.erase = append(m.erase, m.samples...)
	return nil
}
