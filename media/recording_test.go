package media_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"time"
)

func box(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), name...), body...)
}

func numbers(n ...uint32) (b []byte) {
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// track is one of 640 × 480 that is shown turned by a quarter.
func track(handler string, extra ...[]byte) []byte {
	const created = 0xdeadbeef
	tkhd := numbers(0, created, created, 1, 0, 5000, 0, 0, 0, 0, 0, 0x10000, 0, 0xffff0000, 0, 0, 0, 0, 0x40000000, 640<<16, 480<<16)
	mdhd := numbers(0, created, created, 48000, 240000, 0)
	hdlr := append(append(numbers(0, 0), handler...), make([]byte, 13)...)
	return box("trak", append([][]byte{box("tkhd", tkhd), box("mdia", box("mdhd", mdhd), box("hdlr", hdlr))}, extra...)...)
}

// film is an MP4 of 5 s that tells where it was taken.
func film(place string) []byte {
	mvhd := numbers(0, 0xdeadbeef, 0xdeadbeef, 1000, 5000, 0x10000)
	return bytes.Join([][]byte{
		box("ftyp", []byte("isom\x00\x00\x02\x00isommp42")),
		box("uuid", []byte("0123456789abcdef"+place)),
		box("moov", box("mvhd", mvhd), track("vide", box("udta", []byte(place))), track("soun"),
			box("udta", box("\xa9xyz", []byte(place))), box("meta", numbers(0), []byte("mdta location.ISO6709 "+place))),
		box("mdat", []byte("what is seen")),
	}, nil)
}

func TestFilms(t *testing.T) {
	h := open(t, nil)
	data := film("GPS-CANARY")
	m := h.upload("ann", data)
	if m.Type != "video/mp4" || m.Width != 480 || m.Height != 640 || m.Duration != 5*time.Second || m.Thumbnail {
		t.Fatalf("a film is taken for %+v", m)
	}
	got := h.content("ann", m.ID)
	if len(got) != len(data) || bytes.Contains(got, []byte("CANARY")) || bytes.Contains(got, []byte{0xde, 0xad, 0xbe, 0xef}) {
		t.Errorf("%d bytes of %d, and it tells: %q", len(got), len(data), got)
	}
	if at := bytes.Index(data, []byte("mdat")); !bytes.Equal(got[at:], data[at:]) {
		t.Error("what is seen has changed or is elsewhere")
	}

	sound := bytes.Join([][]byte{box("ftyp", []byte("M4A \x00\x00\x00\x00")), box("moov", box("mvhd", numbers(0, 0, 0, 600, 900)), track("soun"))}, nil)
	if m := h.upload("ann", sound); m.Type != "audio/mp4" || m.Duration != 1500*time.Millisecond || m.Width != 0 {
		t.Errorf("sound in MP4 is taken for %+v", m)
	}
	for n := range data {
		part := append(bytes.Clone(data[:n]), 0, 0, 0, 7)
		if m := h.upload("ann", part); m.Type == "application/octet-stream" && !bytes.Equal(h.content("ann", m.ID), part) {
			t.Fatalf("%d bytes of a film that is none come back changed", n)
		}
	}
}

// A film with a track in which a device wrote where it was, as numbers or as
// subtitles: the track and its samples go, whatever form its tables have, and so
// does what stands in no track. Pictures and sound stay to the byte.
func TestTracksThatTell(t *testing.T) {
	h := open(t, nil)
	seen, place := []byte("what is seen"), []byte("CANARY+48.8584+002.2945/")
	begin := bytes.Join([][]byte{box("ftyp", []byte("isom\x00\x00\x02\x00isommp42")), box("mdat", seen, place, seen)}, nil)
	at := uint32(bytes.Index(begin, place))
	film := func(handler string, tables ...[]byte) []byte {
		hdlr := append(append(numbers(0, 0), handler...), make([]byte, 13)...)
		told := box("trak", box("mdia", box("hdlr", hdlr), box("minf", box("stbl", tables...)), box("udta", place)))
		return bytes.Join([][]byte{
			begin, box("moov", box("mvhd", numbers(0, 0, 0, 1000, 5000, 0x10000)), told, track("vide"), track("soun"), box("free", place)),
			box("free", place), box("odd ", place),
		}, nil)
	}
	each := func(samples uint32) []byte { return box("stsc", numbers(0, 1, 1, samples, 1)) }
	same, one := box("stsz", numbers(0, 8, 3)), box("stco", numbers(0, 1, at))
	for name, data := range map[string][]byte{
		"samples of one size": film("meta", each(3), same, one),
		"subtitles":           film("sbtl", each(3), same, one),
		"runs of chunks": film("camm", box("stsc", numbers(0, 2, 1, 1, 1, 3, 2, 1)), box("stsz", numbers(0, 0, 4, 5, 7, 4, 8)),
			box("stco", numbers(0, 3, at, at+5, at+12))),
		"sizes of 16 bits": film("meta", each(1), box("stz2", numbers(0, 16, 1), []byte{0, 24}), box("co64", numbers(0, 1, 0, at))),
		"sizes of 8 bits":  film("meta", each(2), box("stz2", numbers(0, 8, 2), []byte{20, 4}), one),
		"sizes of 4 bits":  film("meta", each(3), box("stz2", numbers(0, 4, 3), []byte{0x9e, 0x10}), one),
	} {
		m := h.upload("ann", data)
		got := h.content("ann", m.ID)
		if m.Type != "video/mp4" || m.Width != 480 || len(got) != len(data) || bytes.Contains(got, []byte("CANARY")) || bytes.Contains(got, []byte("2945")) {
			t.Errorf("%s: %+v, %d bytes of %d, and it tells: %q", name, m, len(got), len(data), got)
		}
		if bytes.Count(got, seen) != 2 || bytes.Count(got, []byte("trak")) != 2 {
			t.Errorf("%s: what is seen has changed: %q", name, got)
		}
		if again := h.upload("ann", got); again.Type != m.Type || !bytes.Equal(h.content("ann", again.ID), got) {
			t.Errorf("%s: without all that it is taken for %+v", name, again)
		}
	}
	for name, data := range map[string][]byte{ // no films, and kept as they came
		"samples that lie in no data":    film("meta", each(3), same, box("stco", numbers(0, 1, at+uint32(len(place))))),
		"samples before the file":        film("meta", each(3), same, box("co64", numbers(0, 1, 1<<31, at))),
		"samples behind all numbers":     film("meta", each(3), same, box("co64", numbers(0, 1, 1<<31-1, 1<<32-1))),
		"more bytes than the file has":   film("meta", each(1<<31-1), box("stsz", numbers(0, 1<<32-1, 1<<32-1)), one),
		"the same bytes again and again": film("meta", each(3), box("stsz", numbers(0, 8, 300)), box("stco", numbers(0, 100), bytes.Repeat(numbers(at), 100))),
		"more samples than sizes":        film("meta", each(4), same, one),
		"sizes that are not there":       film("meta", each(3), box("stsz", numbers(0, 0, 3, 8)), one),
		"sizes of some other bits":       film("meta", each(1), box("stz2", numbers(0, 7, 1), []byte{0, 24}), one),
		"chunks that are not there":      film("meta", each(3), same, box("stco", numbers(0, 2, at))),
		"chunks without samples":         film("meta", same, one),
		"tables that end early":          film("meta", each(3), box("stsz", numbers(0, 8)), one),
		"samples in fragments":           append(film("meta"), box("moof", numbers(0))...),
	} {
		if m := h.upload("ann", data); m.Type != "application/octet-stream" || !bytes.Equal(h.content("ann", m.ID), data) {
			t.Errorf("%s: taken for %+v", name, m)
		}
	}
}

func element(id string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append([]byte(id), 0x10|byte(len(body)>>24), byte(len(body)>>16), byte(len(body)>>8), byte(len(body))), body...)
}

// webm is one with the tracks of those kinds, 2.5 s long if it says so.
func webm(doc string, length []byte, kinds ...byte) []byte {
	var tracks [][]byte
	for _, k := range kinds {
		video := element("\xe0", element("\xb0", []byte{1, 64}), element("\xba", []byte{240}))
		tracks = append(tracks, element("\xae", element("\x83", []byte{k}), video))
	}
	segment := bytes.Join([][]byte{
		element("\x15\x49\xa9\x66", element("\x2a\xd7\xb1", []byte{0x0f, 0x42, 0x40}), length),
		element("\x16\x54\xae\x6b", tracks...),
		element("\x1f\x43\xb6\x75", []byte("a cluster")),
	}, nil)
	return append(element("\x1a\x45\xdf\xa3", element("\x42\x82", []byte(doc))), append([]byte("\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"), segment...)...)
}

// What a film in WebM tells beside the tracks is overwritten in its place, before
// and behind pieces of film of known and unknown length; all else stays.
func TestWhatWebMTells(t *testing.T) {
	h := open(t, nil)
	canary := []byte("CANARY +48.8584+002.2945/")
	tags, piece := element("\x12\x54\xc3\x67", canary), element("\xa3", []byte("what is seen"))
	endless := append([]byte("\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff"), piece...)
	info := element("\x15\x49\xa9\x66", element("\xbf", []byte{1, 2, 3, 4}), element("\x44\x61", []byte("CANARY..")),
		[]byte("\x7b\xa9\x81C"), element("\x7b\xa9", canary), element("\x73\x84", canary), element("\x3c\x83\xab", canary),
		element("\x3e\x83\xbb", canary), element("\xec", canary), element("\x2a\xd7\xb1", []byte{0x0f, 0x42, 0x40}))
	data := bytes.Join([][]byte{webm("webm", nil, 1), info, tags, element("\xec", canary), endless, piece, tags, endless, element("\x19\x41\xa4\x69", canary), piece}, nil)
	m := h.upload("ann", data)
	got := h.content("ann", m.ID)
	if m.Type != "video/webm" || len(got) != len(data) || bytes.Contains(got, []byte("CANARY")) {
		t.Fatalf("%+v, %d bytes of %d, and it tells: %q", m, len(got), len(data), got)
	}
	if bytes.Count(got, piece) != bytes.Count(data, piece) || !bytes.Contains(got, []byte{0xec, 0x82, 0, 0}) {
		t.Errorf("what is seen has changed: %q", got)
	}
	if again := h.upload("ann", got); again.Type != m.Type || again.Width != m.Width || !bytes.Equal(h.content("ann", again.ID), got) {
		t.Errorf("without all that it is taken for %+v", again)
	}
	for n := range data {
		part := data[:n]
		if m := h.upload("ann", part); m.Type == "application/octet-stream" && !bytes.Equal(h.content("ann", m.ID), part) {
			t.Fatalf("%d bytes of a film that is none come back changed", n)
		}
	}
}

func TestRecordings(t *testing.T) {
	h := open(t, nil)
	length := element("\x44\x89", binary.BigEndian.AppendUint64(nil, math.Float64bits(2500)))
	page := func(granule uint64, body string) []byte {
		b := append([]byte("OggS\x00\x02"), binary.LittleEndian.AppendUint64(nil, granule)...)
		return append(append(b, "serialpage#crc.\x01\x13"[3:15]...), append([]byte{1, byte(len(body))}, body...)...)
	}
	opus := append(page(0, "OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"), page(48000*3+312, "sound")...)
	wav := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x7d\x00\x00")
	wav = append(wav, make([]byte, 32000)...)
	for name, c := range map[string]struct {
		data          []byte
		mediaType     string
		width, height int
		duration      time.Duration
	}{
		"film in WebM":         {webm("webm", length, 1, 2), "video/webm", 320, 240, 2500 * time.Millisecond},
		"sound in WebM":        {webm("webm", nil, 2), "audio/webm", 320, 240, 0},
		"Matroska":             {webm("matroska", length, 1), "application/octet-stream", 0, 0, 0},
		"WebM without tracks":  {webm("webm", length), "application/octet-stream", 0, 0, 0},
		"Opus":                 {opus, "audio/ogg", 0, 0, 3 * time.Second},
		"Ogg of something":     {page(5, "fishead\x00"), "application/octet-stream", 0, 0, 0},
		"WAVE":                 {wav, "audio/wav", 0, 0, 2 * time.Second},
		"WAVE that ends early": {wav[:40], "application/octet-stream", 0, 0, 0},
	} {
		m := h.upload("ann", c.data)
		if m.Type != c.mediaType || m.Duration != c.duration || m.Width != c.width || m.Height != c.height {
			t.Errorf("%s is taken for %+v", name, m)
		}
		if !bytes.Equal(h.content("ann", m.ID), c.data) {
			t.Errorf("%s comes back changed", name)
		}
	}
}
