package media_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"testing"

	_ "golang.org/x/image/webp"

	"github.com/teahouse-im/teahouse/media"
)

// photo is a JPEG with everything in it that tells too much.
func photo(t *testing.T, w, h int, orientation uint16) []byte {
	exif := exif(binary.LittleEndian, orientation)
	jfif := []byte("JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x01\x01CAN") // with a thumbnail of one pixel
	b := insert(aJPEG(t, w, h), 2,
		segment(0xe0, jfif),
		segment(0xe1, append([]byte("Exif\x00\x00"), exif...)),
		segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00<x>XMP-CANARY</x>")),
		segment(0xe2, []byte("ICC_PROFILE\x00\x01\x01colours that stay")),
		segment(0xe2, []byte("MPF\x00more pictures CANARY")),
		segment(0xed, []byte("Photoshop 3.0\x00 IPTC-CANARY")),
		segment(0xfe, []byte("comment CANARY")))
	return append(b, insert(aJPEG(t, 8, 8), 2, segment(0xe1, append([]byte("Exif\x00\x00"), exif...)))...)
}

func pngPhoto(t *testing.T, w, h int, orientation uint16) []byte {
	b := insert(aPNG(t, w, h), 33,
		chunk("iCCP", []byte("p\x00\x00colours that stay")), chunk("eXIf", exif(binary.BigEndian, orientation)), chunk("tEXt", []byte("Comment\x00CANARY")),
		chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00CANARY")), chunk("zTXt", []byte("a\x00\x00CANARY")), chunk("tIME", []byte("CANARYx")), chunk("prVt", []byte("CANARY")))
	return append(b, "CANARY behind the end"...)
}

func gifPhoto(t *testing.T, w, h int) []byte {
	b := aGIF(t, w, h, 3)
	at := 13 // there is no table of colours for all images
	b = insert(b, at,
		[]byte("\x21\xfe\x06CANARY\x00"),
		[]byte("\x21\xff\x0bXMP DataXMP\x06CANARY\x00"),
		[]byte("\x21\x01\x0c            \x06CANARY\x00"))
	return append(b, "CANARY behind the end"...)
}

// What tells where and how a picture was taken is gone, and the picture looks as
// it did: the same pixels, the same colours, the right way up.
func TestPicturesTellNothing(t *testing.T) {
	h := open(t, nil)
	for _, c := range []struct {
		name          string
		data          []byte
		mediaType     string
		width, height int
		format        string
		canaries      bool
	}{
		{"jpeg", photo(t, 60, 40, 1), "image/jpeg", 60, 40, "jpeg", true},
		{"jpeg on its side", photo(t, 60, 40, 6), "image/jpeg", 40, 60, "jpeg", true},
		{"jpeg upside down", photo(t, 60, 40, 3), "image/jpeg", 60, 40, "jpeg", true},
		{"progressive jpeg", sample(t, "progressive.jpg"), "image/jpeg", 32, 48, "jpeg", true},
		{"cmyk jpeg", sample(t, "cmyk.jpg"), "image/jpeg", 48, 32, "jpeg", false},
		{"png", pngPhoto(t, 60, 40, 1), "image/png", 60, 40, "png", true},
		{"png on its side", pngPhoto(t, 60, 40, 8), "image/png", 40, 60, "png", true},
		{"gif", gifPhoto(t, 60, 40), "image/gif", 60, 40, "gif", true},
		{"webp", sample(t, "lossy.webp"), "image/webp", 32, 48, "webp", true},
		{"lossless webp", sample(t, "lossless.webp"), "image/webp", 48, 32, "webp", false},
		{"webp with alpha", sample(t, "alpha.webp"), "image/webp", 48, 32, "webp", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if bytes.Contains(c.data, []byte("CANARY")) != c.canaries {
				t.Fatal("the picture is not what the test takes it for")
			}
			m := h.upload("ann", c.data)
			if m.Type != c.mediaType || m.Width != c.width || m.Height != c.height || !m.Thumbnail || len(m.Placeholder) < 20 {
				t.Fatalf("it is taken for %+v", m)
			}
			got := h.content("ann", m.ID)
			if bytes.Contains(got, []byte("CANARY")) || bytes.Contains(got, []byte("CAN")) {
				t.Fatalf("something is still told: %q", got)
			}
			if bytes.Contains(c.data, []byte("colours that stay")) && !bytes.Contains(got, []byte("colours that stay")) {
				t.Error("the colour profile is gone")
			}
			before, after := decoded(t, c.data), decoded(t, got)
			for y := range before.Bounds().Dy() {
				for x := range before.Bounds().Dx() {
					if before.At(x, y) != after.At(x, y) {
						t.Fatalf("the pixel at %d, %d was %v and is %v", x, y, before.At(x, y), after.At(x, y))
					}
				}
			}
			again := h.upload("ann", got)
			if again.Width != m.Width || again.Height != m.Height || again.Placeholder != m.Placeholder {
				t.Errorf("its orientation is lost: %+v, then %+v", m, again)
			}
			if !bytes.Equal(h.content("ann", again.ID), got) {
				t.Error("cleaning what is clean changes it")
			}
		})
	}
}

func decoded(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(b))
	must(t, err)
	return img
}

// The thumbnail is upright: the red field is where the orientation puts it.
func TestThumbnailsAreUpright(t *testing.T) {
	h := open(t, nil)
	for orientation := uint16(1); orientation <= 8; orientation++ {
		m := h.upload("ann", photo(t, 600, 400, orientation))
		img := h.thumbnail(m)
		b := img.Bounds()
		if want := image.Rect(0, 0, 320, 213); orientation < 5 && b != want || orientation >= 5 && b != image.Rect(0, 0, 213, 320) {
			t.Fatalf("orientation %d: a thumbnail of %v", orientation, b)
		}
		left := orientation == 1 || orientation == 4 || orientation == 5 || orientation == 8
		top := orientation == 1 || orientation == 2 || orientation == 5 || orientation == 6
		for _, corner := range []struct{ left, top bool }{{true, true}, {false, true}, {true, false}, {false, false}} {
			x, y := 20, 20
			if !corner.left {
				x = b.Dx() - 20
			}
			if !corner.top {
				y = b.Dy() - 20
			}
			if is := reddish(img.At(x, y)); is != (corner.left == left && corner.top == top) {
				t.Errorf("orientation %d: at %d, %d it is red: %v", orientation, x, y, is)
			}
		}
	}
}

func TestThumbnailsAreSmall(t *testing.T) {
	h := open(t, nil)
	for _, size := range []image.Point{{1, 1}, {5000, 3}, {3, 5000}, {320, 320}, {1400, 700}} {
		m := h.upload("ann", aPNG(t, size.X, size.Y))
		b := h.thumbnail(m).Bounds()
		if b.Dx() > 320 || b.Dy() > 320 || b.Dx() > size.X || b.Dy() > size.Y {
			t.Errorf("a picture of %v has a thumbnail of %v", size, b)
		}
	}
}

// An animation stays one.
func TestAnimationsStay(t *testing.T) {
	h := open(t, nil)
	data := gifPhoto(t, 30, 20)
	m := h.upload("ann", data)
	got, err := gif.DecodeAll(bytes.NewReader(h.content("ann", m.ID)))
	must(t, err)
	if len(got.Image) != 3 || got.LoopCount != 3 || got.Delay[0] != 10 {
		t.Errorf("%d images, %d times, %v", len(got.Image), got.LoopCount, got.Delay)
	}
	webp := sample(t, "animated.webp")
	m = h.upload("ann", webp)
	clean := h.content("ann", m.ID)
	if m.Type != "image/webp" || m.Width != 32 || m.Height != 48 || m.Thumbnail {
		t.Errorf("an animated WebP is taken for %+v", m)
	}
	if n := bytes.Count(webp, []byte("ANMF")); n != 2 || bytes.Count(clean, []byte("ANMF")) != n || bytes.Contains(clean, []byte("CANARY")) {
		t.Errorf("%d frames of %d are left, or something is told", bytes.Count(clean, []byte("ANMF")), n)
	}
}

// A picture with something else in it or behind it is served as the picture alone;
// what is none is a file that comes back byte for byte.
func TestPolyglots(t *testing.T) {
	h := open(t, nil)
	const script = "<html><script>alert('CANARY')</script>"
	for name, data := range map[string][]byte{
		"HTML behind a GIF":      append(aGIF(t, 10, 10, 1), script...),
		"HTML behind a JPEG":     append(aJPEG(t, 10, 10), script...),
		"HTML behind a PNG":      append(aPNG(t, 10, 10), script...),
		"HTML in a GIF":          insert(aGIF(t, 10, 10, 1), 13, []byte("\x21\xfe\x26"+script+"\x00")),
		"HTML in a JPEG":         insert(aJPEG(t, 10, 10), 2, segment(0xfe, []byte(script))),
		"HTML in a PNG":          insert(aPNG(t, 10, 10), 33, chunk("tEXt", []byte(script))),
		"HTML behind a WebP":     append(sample(t, "lossless.webp"), script...),
		"an archive behind GIF":  append(aGIF(t, 10, 10, 1), "PK\x03\x04CANARY"...),
		"a program behind a PNG": append(aPNG(t, 10, 10), "#!/bin/sh\n: CANARY"...),
	} {
		m := h.upload("ann", data)
		if got := h.content("ann", m.ID); m.Width != 10 && m.Width != 48 || bytes.Contains(got, []byte("CANARY")) {
			t.Errorf("%s: %+v, %q", name, m, got)
		}
	}
	for name, data := range map[string][]byte{
		"HTML": []byte(script), "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "PDF": []byte("%PDF-1.7\n%CANARY"),
		"XML with SVG":  []byte("<?xml version=\"1.0\"?>\n<svg/>"),
		"GIF that HTML": []byte("GIF89a/*" + script), "JPEG that is HTML": []byte("\xff\xd8\xff" + script), "PNG that is HTML": []byte("\x89PNG\r\n\x1a\n" + script),
		"BMP": []byte("BM\x00\x00"), "an empty file": {}, "one byte": {0xff}, "RIFF": []byte("RIFF\x04\x00\x00\x00WEBP"), "HEIC": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
	} {
		m := h.upload("ann", data)
		if m.Type != "application/octet-stream" || m.Thumbnail || m.Width != 0 {
			t.Errorf("%s is taken for %+v", name, m)
		}
		if got := h.content("ann", m.ID); !bytes.Equal(got, data) {
			t.Errorf("%s comes back as %q", name, got)
		}
	}
}

// A file that ends in the middle is no picture, at whatever byte it ends.
func TestTruncatedPictures(t *testing.T) {
	h := open(t, nil)
	for name, data := range map[string][]byte{
		"jpeg": photo(t, 20, 20, 6)[:len(photo(t, 20, 20, 6))-len(insert(aJPEG(t, 8, 8), 2, segment(0xe1, append([]byte("Exif\x00\x00"), exif(binary.LittleEndian, 6)...))))],
		"png":  aPNG(t, 20, 20), "gif": aGIF(t, 20, 20, 2), "webp": sample(t, "alpha.webp"),
		"progressive": sample(t, "progressive.jpg"), "animated": sample(t, "animated.webp"),
	} {
		for n := 0; n < len(data); n += 1 + len(data)/60 {
			m, err := h.try("ann", data[:n])
			if err != nil {
				t.Fatalf("%d bytes of a %s: %v", n, name, err)
			}
			if m.Type != "application/octet-stream" || !bytes.Equal(h.content("ann", m.ID), data[:n]) {
				t.Errorf("%d bytes of %d of a %s are taken for %+v", n, len(data), name, m)
			}
		}
		if m := h.upload("ann", data); m.Type == "application/octet-stream" {
			t.Errorf("the whole %s is no picture", name)
		}
	}
}

// Cleaning never fails on anything that people can make up, and cleans what it cleaned to the same.
func FuzzClean(f *testing.F) {
	for _, name := range []string{"lossy.webp", "lossless.webp", "alpha.webp", "animated.webp", "progressive.jpg", "cmyk.jpg"} {
		f.Add(sample(&testing.T{}, name))
	}
	t := &testing.T{}
	f.Add(photo(t, 9, 7, 6))
	f.Add(pngPhoto(t, 9, 7, 8))
	f.Add(gifPhoto(t, 9, 7))
	f.Add(film("GPS-CANARY"))
	f.Add(bytes.Join([][]byte{
		box("ftyp", []byte("isom\x00\x00\x02\x00isommp42")), box("mdat", []byte("what is seen, and where")),
		box("moov", box("trak", box("mdia", box("minf", box("stbl", box("stsc", numbers(0, 1, 1, 2, 1)), box("stsz", numbers(0, 4, 2)), box("stco", numbers(0, 1, 40)))))), track("vide")),
	}, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, kind, width, height, err := media.Clean(t.TempDir(), data)
		if err != nil || kind == "" {
			return
		}
		if len(clean) > len(data)+64 {
			t.Errorf("%d bytes become %d", len(data), len(clean))
		}
		again, kind2, width2, height2, err := media.Clean(t.TempDir(), clean)
		if err != nil || kind2 != kind || width2 != width || height2 != height || !bytes.Equal(again, clean) {
			t.Errorf("a clean %s of %d × %d becomes %s of %d × %d: %v\n%q\n%q", kind, width, height, kind2, width2, height2, err, clean, again)
		}
	})
}
