package media

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/bbrks/go-blurhash"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

const (
	thumbnailSide    = 320 // pixels at most
	thumbnailQuality = 80
	thumbnailType    = "image/jpeg"

	// sampledSide is how large a picture still is after the quick first step towards its thumbnail.
	sampledSide = 4 * thumbnailSide
	// hashedSide is enough for the few waves that a placeholder consists of.
	hashedSide = 32
)

// A preview is how a picture is shown before it is loaded.
type preview struct {
	thumbnail   []byte // a JPEG
	placeholder string // blurhash
	look        string // see lookOf
}

var decoders = map[string]func(io.Reader) (image.Image, error){
	"image/jpeg": jpeg.Decode,
	"image/png":  png.Decode,
	"image/gif":  gif.Decode, // the first image
	"image/webp": webp.Decode,
}

// previewOf decodes a clean picture. An error means that it is not whole.
func previewOf(r io.Reader, p *picture) (v preview, err error) {
	defer func() {
		if recover() != nil { // decoders meet everything that people can make up
			err = errNoPicture
		}
	}()
	img, err := decoders[p.mediaType](bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return preview{}, fmt.Errorf("%w: %w", errNoPicture, err)
	}
	if b := img.Bounds(); b.Dx() > p.width || b.Dy() > p.height || b.Empty() {
		return preview{}, errNoPicture
	}
	small := upright(shrink(img), p.orientation)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: thumbnailQuality}); err != nil {
		return preview{}, err
	}
	v.thumbnail, v.look = out.Bytes(), lookOf(small)
	tiny := image.NewRGBA(fit(small.Bounds(), hashedSide))
	draw.BiLinear.Scale(tiny, tiny.Bounds(), small, small.Bounds(), draw.Src, nil)
	x, y := 4, 3
	if tiny.Bounds().Dy() > tiny.Bounds().Dx() {
		x, y = 3, 4
	}
	v.placeholder, err = blurhash.Encode(x, y, tiny)
	return v, err
}

// fit is a size of the same shape that fits into a square; what fits is not made larger.
func fit(b image.Rectangle, side int) image.Rectangle {
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	return image.Rect(0, 0, w, h)
}

// shrink makes a picture as small as a thumbnail, on white. A large one is sampled
// first: good filters take memory for every row.
func shrink(img image.Image) *image.RGBA {
	if sampled := fit(img.Bounds(), sampledSide); sampled.Size() != img.Bounds().Size() {
		img = onWhite(img, sampled, draw.ApproxBiLinear)
	}
	return onWhite(img, fit(img.Bounds(), thumbnailSide), draw.CatmullRom)
}

func onWhite(img image.Image, size image.Rectangle, by draw.Scaler) *image.RGBA {
	out := image.NewRGBA(size)
	draw.Draw(out, size, image.NewUniform(color.White), image.Point{}, draw.Src)
	by.Scale(out, size, img, img.Bounds(), draw.Over, nil)
	return out
}

// upright turns a picture as its orientation says.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			u, v := x, y
			switch orientation {
			case 2:
				u = w - 1 - x
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				v = h - 1 - y
			case 5:
				u, v = y, x
			case 6:
				u, v = h-1-y, x
			case 7:
				u, v = h-1-y, w-1-x
			case 8:
				u, v = y, w-1-x
			}
			out.SetRGBA(u, v, img.RGBAAt(x, y))
		}
	}
	return out
}
