package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// hugePNG is whole but for its size: nobody packed that many pixels.
func hugePNG(t *testing.T, width, height uint32) []byte {
	b := aPNG(t, 2, 2)
	header := append(numbers(width, height), 8, 6, 0, 0, 0)
	return append(append([]byte(b[:8:8]), chunk("IHDR", header)...), b[33:]...)
}

// bomb is one that really is as large as it says, and small before it is unpacked.
func bomb(t *testing.T, side int) []byte {
	var b bytes.Buffer
	flat := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Black})
	must(t, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, flat))
	return b.Bytes()
}

func bombs(t *testing.T) map[string][]byte {
	jpeg := aJPEG(t, 8, 8)
	at := bytes.Index(jpeg, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint32(jpeg[at+5:], 0xffffffff)
	gif := aGIF(t, 8, 8, 1)
	binary.LittleEndian.PutUint32(gif[6:], 0xffffffff)
	webp := sample(t, "lossy.webp")
	copy(webp[24:], "\xff\xff\xff\xff\xff\xff")
	vp8 := webp[bytes.Index(webp, []byte("VP8 "))+14:]
	binary.LittleEndian.PutUint32(vp8, 0x3fff3fff)
	copy(webp[24:], "\xfe\x3f\x00\xfe\x3f\x00")
	animated := sample(t, "animated.webp")
	copy(animated[24:], "\xff\xff\xff\xff\xff\xff")
	lossless := sample(t, "lossless.webp")
	copy(lossless[21:], "\xff\xff\xff\x0f")
	broken := hugePNG(t, 60_000, 60_000)
	return map[string][]byte{
		"a PNG that says so": hugePNG(t, 50_000, 50_000), "a PNG of 2³¹ pixels": hugePNG(t, 1<<31-1, 1), "a wide PNG": hugePNG(t, 49_000_000, 1),
		"a PNG that breaks off": broken[:40], "a PNG that is": bomb(t, 2100),
		"a JPEG": jpeg, "a GIF": gif, "a WebP": webp, "an animated WebP": animated, "a lossless WebP": lossless,
	}
}

// A picture that is small as a file and huge when unpacked is refused before that.
func TestBombs(t *testing.T) {
	h := open(t, func(o *media.Options) { o.Pixels = 4_000_000 })
	decoded := false
	media.OnDecode(t, func() func() { decoded = true; return func() {} })
	for name, data := range bombs(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := h.try("ann", data)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, fault.TooLarge) {
			t.Errorf("%s is taken: %+v, %v", name, m, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%s takes %d bytes of memory", name, got)
		}
	}
	if decoded {
		t.Error("something was decoded")
	}
	if h.files() != 0 {
		t.Error("something was kept")
	}
}

// A WebP whose frame is larger than its canvas, and others whose parts contradict
// each other, are no pictures and never decoded.
func TestContradictions(t *testing.T) {
	h := open(t, nil)
	media.OnDecode(t, func() func() { t.Error("it was decoded"); return func() {} })
	frame := sample(t, "lossy.webp")
	binary.LittleEndian.PutUint32(frame[bytes.Index(frame, []byte("VP8 "))+14:], 0x3fff3fff)
	lossy := sample(t, "lossy.webp")
	twice := insert(lossy, bytes.Index(lossy, []byte("EXIF")), lossy[bytes.Index(lossy, []byte("VP8 ")):bytes.Index(lossy, []byte("EXIF"))])
	binary.LittleEndian.PutUint32(twice[4:], uint32(len(twice)-8))
	jpeg := aJPEG(t, 8, 8)
	sof := bytes.Index(jpeg, []byte{0xff, 0xc0})
	two := insert(jpeg, sof, jpeg[sof:sof+19])
	scans := jpeg
	for range 100 {
		sos := bytes.Index(jpeg, []byte{0xff, 0xda})
		scans = insert(scans, sos, jpeg[sos:len(jpeg)-2])
	}
	for name, data := range map[string][]byte{
		"a frame beyond its canvas": frame, "two pictures in one WebP": twice, "two frames in a JPEG": two, "a hundred scans": scans,
	} {
		if m := h.upload("ann", data); m.Type != "application/octet-stream" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// Pictures are decoded only when there is room for them: together they never take
// more than the bound, and one that would alone goes without a thumbnail.
func TestDecodingIsBounded(t *testing.T) {
	pic := aPNG(t, 400, 300)
	cost := media.DecodeCost(t, pic)
	h := open(t, func(o *media.Options) { o.DecodeBytes = 2*cost + cost/2 })
	var now, most atomic.Int64
	media.OnDecode(t, func() func() {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		runtime.Gosched()
		return func() { now.Add(-1) }
	})
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			if m, err := h.try("ann", pic); err != nil || !m.Thumbnail {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	all.Wait()
	if most.Load() > 2 {
		t.Errorf("%d pictures were decoded at once, and there is room for two", most.Load())
	}
	if m := h.upload("ann", hugePNG(t, 5000, 6000)); m.Thumbnail || m.Width != 5000 || m.Type != "image/png" {
		t.Errorf("a picture that does not fit is taken for %+v", m)
	}
}

// What decoding is taken to cost is never less than what it allocates.
func TestCostsAreUpperBounds(t *testing.T) {
	gray16 := image.NewNRGBA64(image.Rect(0, 0, 900, 700))
	var deep bytes.Buffer
	must(t, png.Encode(&deep, gray16))
	var interlaced bytes.Buffer
	must(t, gif.Encode(&interlaced, canvas(900, 700), nil))
	for name, data := range map[string][]byte{
		"jpeg": aJPEG(t, 900, 700), "png": aPNG(t, 900, 700), "deep png": deep.Bytes(), "gif": interlaced.Bytes(),
		"progressive": sample(t, "progressive.jpg"), "cmyk": sample(t, "cmyk.jpg"),
		"lossy": sample(t, "lossy.webp"), "lossless": sample(t, "lossless.webp"), "alpha": sample(t, "alpha.webp"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := image.Decode(bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		must(t, err)
		if got, cost := int64(after.TotalAlloc-before.TotalAlloc), media.DecodeCost(t, data); got > cost {
			t.Errorf("decoding the %s takes %d bytes, and is taken to cost %d", name, got, cost)
		}
	}
}

// endless never ends.
type endless struct{ read int64 }

func (e *endless) Read(b []byte) (int, error) { e.read += int64(len(b)); return len(b), nil }

func TestUploadsAreBounded(t *testing.T) {
	h := open(t, func(o *media.Options) { o.Bytes = 100_000 })
	var in endless
	_, err := h.media.Upload(h.ctx, "ann", &in)
	refused(t, err, fault.TooLarge)
	if in.read > 200_000 {
		t.Errorf("%d bytes were read of an upload that may have 100000", in.read)
	}
	if m := h.upload("ann", make([]byte, 100_000)); m.Size != 100_000 {
		t.Errorf("%+v", m)
	}
	if _, err := h.try("ann", make([]byte, 100_001)); !errors.Is(err, fault.TooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
}

// An upload that breaks off leaves nothing, not even while it is on its way.
func TestUploadsThatBreakOff(t *testing.T) {
	h := open(t, nil)
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := h.media.Upload(h.ctx, "ann", r)
		done <- err
	}()
	if _, err := w.Write(make([]byte, 200_000)); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(h.opt.Temp); err != nil || len(left) != 0 {
		t.Errorf("a process that is killed now leaves %v, %v", left, err)
	}
	must(t, w.CloseWithError(errors.New("the connection broke")))
	if err := <-done; !errors.Is(err, fault.BadRequest) {
		t.Errorf("the uploader is told %v", err)
	}
	if h.files() != 0 {
		t.Error("something was kept")
	}
}

// Somebody who uploads slowly is in nobody's way.
func TestUploadsAtOnce(t *testing.T) {
	h := open(t, func(o *media.Options) { o.Uploads, o.UploadsEach = 5, 3 })
	var open []*io.PipeWriter
	var all sync.WaitGroup
	begin := func(u id.User) {
		r, w := io.Pipe()
		open = append(open, w)
		all.Go(func() {
			if _, err := h.media.Upload(h.ctx, u, r); err != nil {
				t.Error(err)
			}
		})
		if _, err := w.Write([]byte("slowly")); err != nil { // it has begun
			t.Error(err)
		}
	}
	for range 3 {
		begin("ann")
	}
	_, err := h.try("ann", []byte("more"))
	refused(t, err, fault.RateLimited)
	h.upload("bob", []byte("quick"))
	begin("bob")
	begin("cat")
	_, err = h.try("bob", []byte("more"))
	refused(t, err, fault.Unavailable)
	for _, w := range open {
		must(t, w.Close())
	}
	all.Wait()
	h.upload("ann", []byte("more"))
}
