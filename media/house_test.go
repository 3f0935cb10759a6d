package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

// A house is media with everything real around it: the embedded store, files,
// and a shelf that shows media.
type house struct {
	t     *testing.T
	ctx   context.Context
	store *pebble.Store
	blobs *blob.Files
	dir   string // of the blobs
	shelf *shelf
	opt   media.Options
	media *media.Service

	mu  sync.Mutex
	now time.Time
}

func (h *house) time() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

func (h *house) pass(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.now = h.now.Add(d) }

// A shelf carries media where readers may look.
type shelf struct {
	mu      sync.Mutex
	shows   map[string]id.Media
	readers map[string][]id.User
}

func (s *shelf) put(carrier string, m id.Media, readers ...id.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shows[carrier], s.readers[carrier] = m, readers
}

func (s *shelf) take(carrier string) { s.put(carrier, "") }

func (s *shelf) MayRead(_ context.Context, u id.User, carrier string, m id.Media) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.readers[carrier] {
		if r == u && s.shows[carrier] == m {
			return true, nil
		}
	}
	return false, nil
}

func (s *shelf) Carries(_ context.Context, carrier string, m id.Media) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shows[carrier] == m, nil
}

func open(t *testing.T, change func(*media.Options)) *house {
	t.Helper()
	store, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, ctx: t.Context(), store: store, dir: filepath.Join(t.TempDir(), "media"), now: time.Now()}
	h.shelf = &shelf{shows: map[string]id.Media{}, readers: map[string][]id.User{}}
	if h.blobs, err = blob.OpenFiles(h.dir); err != nil {
		t.Fatal(err)
	}
	h.opt = media.DefaultOptions()
	h.opt.Now, h.opt.Temp = h.time, t.TempDir()
	if change != nil {
		change(&h.opt)
	}
	h.media = h.service(h.blobs)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// service is another node on the same store, perhaps with other blobs.
func (h *house) service(b media.Blobs) *media.Service {
	return media.NewService(h.store, b, map[string]media.Witness{media.Message: h.shelf}, h.opt)
}

func (h *house) try(owner id.User, data []byte) (media.Medium, error) {
	return h.media.Upload(h.ctx, owner, bytes.NewReader(data))
}

func (h *house) upload(owner id.User, data []byte) media.Medium {
	h.t.Helper()
	m, err := h.try(owner, data)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// content is what somebody reads of a medium.
func (h *house) content(u id.User, m id.Media) []byte {
	h.t.Helper()
	found, err := h.media.Get(h.ctx, u, string(m))
	if err != nil {
		h.t.Fatal(err)
	}
	r := h.media.Content(h.ctx, found)
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		h.t.Fatal(err)
	}
	if int64(len(b)) != found.Size {
		h.t.Fatalf("%d bytes of %d", len(b), found.Size)
	}
	return b
}

func (h *house) thumbnail(m media.Medium) image.Image {
	h.t.Helper()
	b, err := h.media.Thumbnail(h.ctx, m)
	if err != nil {
		h.t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		h.t.Fatal(err)
	}
	return img
}

// show has a shelf carry a medium for readers, as it should be done.
func (h *house) show(carrier string, m id.Media, readers ...id.User) error {
	err := h.media.Carry(h.ctx, m, media.Carrier{Kind: media.Message, ID: carrier})
	if err == nil {
		h.shelf.put(carrier, m, readers...)
	}
	return err
}

// files are how many blobs there are.
func (h *house) files() (n int) {
	h.t.Helper()
	err := filepath.WalkDir(h.dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
}

var (
	red  = color.NRGBA{230, 30, 20, 255}
	blue = color.NRGBA{20, 120, 200, 255}
)

// canvas is blue with a red field in the corner at its beginning.
func canvas(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := blue
			if x < w/3 && y < h/3 {
				c = red
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func reddish(c color.Color) bool { r, _, b, _ := c.RGBA(); return r > 0x9000 && b < 0x6000 }

func aJPEG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, canvas(w, h), nil))
	return b.Bytes()
}

func aPNG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, canvas(w, h)))
	return b.Bytes()
}

func aGIF(t *testing.T, w, h, frames int) []byte {
	t.Helper()
	g := &gif.GIF{LoopCount: 3}
	for range frames {
		p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{blue, red})
		for y := range h / 3 {
			for x := range w / 3 {
				p.SetColorIndex(x, y, 1)
			}
		}
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	must(t, gif.EncodeAll(&b, g))
	return b.Bytes()
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	must(t, err)
	return b
}

// exif is what a camera writes: an orientation and where it was.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("MM\x00*")
	if order.String() == "LittleEndian" {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x010e), 2), 10) // a description
	b = order.AppendUint32(b, 38)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), 3), 1)
	b = order.AppendUint16(order.AppendUint16(b, orientation), 0)
	b = order.AppendUint32(b, 0)
	return append(b, "GPS-CANARY N 31.2304 E 121.4737"...)
}

// segment is a piece of a JPEG; it goes right behind the first two bytes.
func segment(marker byte, body []byte) []byte {
	n := len(body) + 2
	return append([]byte{0xff, marker, byte(n >> 8), byte(n)}, body...)
}

func chunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// insert puts something into a file.
func insert(b []byte, at int, what ...[]byte) []byte {
	return append(append(bytes.Clone(b[:at]), bytes.Join(what, nil)...), b[at:]...)
}

func readerOf(b []byte) io.Reader { return bytes.NewReader(b) }
