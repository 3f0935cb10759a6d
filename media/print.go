package media

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"math"
	"slices"

	"golang.org/x/image/draw"
)

// digest is the hash of what is kept of an upload, which two of the same have alike.
func digest(f *scratch) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, f.size)); err != nil {
		return "", lack(err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// What a look is made of: the waves of up to 6 halves over a small grey copy of the
// picture, in each direction, and in both; all but that of none, which is its brightness.
const (
	lookSide  = 32
	lookWaves = 7
	lookBits  = lookWaves*lookWaves - 1
)

// lookOf is what a picture looks like at a glance, in lookBits bits: each tells
// whether a wave is stronger than half of them are. Another size, another quality,
// or a mark in a corner changes a few of them; another picture about half.
func lookOf(img image.Image) string {
	grey := image.NewGray(image.Rect(0, 0, lookSide, lookSide))
	draw.CatmullRom.Scale(grey, grey.Bounds(), img, img.Bounds(), draw.Src, nil)
	var rows [lookSide][lookWaves]float64 // waves along the rows
	for y := range lookSide {
		for x, light := range grey.Pix[y*grey.Stride:][:lookSide] {
			for u := range lookWaves {
				rows[y][u] += float64(light) * wave(u, x)
			}
		}
	}
	waves := make([]float64, lookWaves*lookWaves)
	for y := range lookSide {
		for v := range lookWaves {
			for u := range lookWaves {
				waves[v*lookWaves+u] += rows[y][u] * wave(v, y)
			}
		}
	}
	waves = waves[1:]
	half := slices.Sorted(slices.Values(waves))[lookBits/2]
	var bits uint64
	for i, w := range waves {
		if w > half {
			bits |= 1 << i
		}
	}
	return fmt.Sprintf("%0*x", lookBits/4, bits)
}

// wave is a cosine of which n halves fit into a side.
func wave(n, at int) float64 {
	return math.Cos(math.Pi * float64(n) * (float64(at) + 0.5) / lookSide)
}
