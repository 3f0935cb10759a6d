package media_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"testing"

	"golang.org/x/image/draw"

	"github.com/teahouse-im/teahouse/media"
)

// poster is a picture of boxes, like those that sell something.
func poster(seed uint64, width, height int) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 7))
	shade := func() color.Color { return color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255} }
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.NewUniform(shade()), image.Point{}, draw.Src)
	for range 20 {
		x, y := r.IntN(width), r.IntN(height)
		box := image.Rect(x, y, x+width/8+r.IntN(width/2), y+height/8+r.IntN(height/2))
		draw.Draw(img, box, image.NewUniform(shade()), image.Point{}, draw.Src)
	}
	return img
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// apart is how many bits of two looks differ.
func apart(t *testing.T, a, b media.Medium) int {
	t.Helper()
	var n [2]uint64
	for i, m := range []media.Medium{a, b} {
		var err error
		if n[i], err = strconv.ParseUint(m.Look, 16, 48); err != nil || len(m.Look) != 12 {
			t.Fatalf("a look is %q", m.Look)
		}
	}
	return bits.OnesCount64(n[0] ^ n[1])
}

// The same content has the same digest, whoever uploads it and whatever was in it
// about where it was taken. What is dressed up anew still looks alike.
func TestPrints(t *testing.T) {
	h := open(t, nil)
	up := func(raw []byte) media.Medium { return h.upload("ann", raw) }
	for seed := range uint64(8) {
		img := poster(seed, 640, 480)
		first := up(pngOf(t, img))
		again := h.upload("bob", pngOf(t, img))
		if again.Digest != first.Digest || again.ID == first.ID || len(first.Digest) != 64 || again.Look != first.Look {
			t.Errorf("%d: the same is %+v and %+v", seed, first, again)
		}
		var poor bytes.Buffer
		if err := jpeg.Encode(&poor, img, &jpeg.Options{Quality: 30}); err != nil {
			t.Fatal(err)
		}
		small := image.NewRGBA(image.Rect(0, 0, 300, 225))
		draw.ApproxBiLinear.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
		marked := poster(seed, 640, 480)
		draw.Draw(marked, image.Rect(616, 456, 640, 480), image.NewUniform(color.Black), image.Point{}, draw.Src)
		marked.SetRGBA(3, 3, color.RGBA{1, 2, 3, 255})
		for name, raw := range map[string][]byte{"poor": poor.Bytes(), "small": pngOf(t, small), "marked": pngOf(t, marked)} {
			m := up(raw)
			if m.Digest == first.Digest {
				t.Errorf("%d: the %s one has the same digest", seed, name)
			}
			if n := apart(t, first, m); n > 8 {
				t.Errorf("%d: the %s one is %d bits away", seed, name, n)
			}
		}
		if n := apart(t, first, up(pngOf(t, poster(seed+100, 640, 480)))); n < 14 {
			t.Errorf("%d: another one is only %d bits away", seed, n)
		}
	}
	a, b := up([]byte("a file")), up([]byte("another"))
	if a.Digest == b.Digest || a.Look != "" {
		t.Errorf("files are %+v and %+v", a, b)
	}
}
