package miniprogram_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// zipped is a zip of names and contents, in turn.
func zipped(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		good(t, err)
		_, err = w.Write([]byte(pairs[i+1]))
		good(t, err)
	}
	good(t, z.Close())
	return out.Bytes()
}

func bundle(t *testing.T) []byte {
	return zipped(t, "index.html", "<h1>Hello</h1>", "app.js", "1", "queue/", "", "queue/index.html", "<h1>Queue</h1>", "a b/Ä.PNG", "png")
}

func (h *house) page(a miniprogram.App, path string) string {
	h.t.Helper()
	p, err := h.Page(h.t.Context(), string(a.ID), path)
	if err != nil {
		return string(fault.From(err).Code)
	}
	if len(p.ETag) < 10 || p.ETag[0] != '"' {
		h.t.Errorf("%s: ETag %s", path, p.ETag)
	}
	return p.Type + " " + string(p.Body)
}

func TestPages(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	if got := h.page(a, "/"); got != "not_found" {
		t.Errorf("without a package: %s", got)
	}
	refused(t, h.PutPackage(t.Context(), "erin", string(a.ID), bundle(t)), fault.NotFound)
	good(t, h.PutPackage(t.Context(), "dana", string(a.ID), bundle(t)))
	html := "text/html; charset=utf-8 "
	for path, want := range map[string]string{
		"": html + "<h1>Hello</h1>", "/": html + "<h1>Hello</h1>", "/index.html": html + "<h1>Hello</h1>", "index.html": html + "<h1>Hello</h1>",
		"/queue": html + "<h1>Queue</h1>", "/queue/": html + "<h1>Queue</h1>", "/queue/index.html": html + "<h1>Queue</h1>",
		"/app.js": "text/javascript; charset=utf-8 1", "/a b/Ä.PNG": "image/png png",
		"/app.js/": "not_found", "/Queue": "not_found", "/../index.html": "not_found", "//": "not_found", "//index.html": "not_found", "/queue/..": "not_found", "/.": "not_found", "/x": "not_found",
	} {
		if got := h.page(a, path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
	got, err := h.App(t.Context(), string(a.ID))
	good(t, err)
	if got.Packaged != h.clock() {
		t.Errorf("the app is %+v", got)
	}
	good(t, h.Suspend(t.Context(), a.ID, time.Time{}, "spam"))
	if got := h.page(a, "/"); got != "app_suspended" {
		t.Errorf("of a suspended app: %s", got)
	}
}

func TestPackageIsSwappedWhole(t *testing.T) {
	h := open(t)
	other := h.node(h.store, h.files)
	a, _ := h.app("dana", "Noodles")
	app := string(a.ID)
	etags := map[string]bool{}
	for i := range 3 {
		good(t, h.PutPackage(t.Context(), "dana", app, zipped(t, "index.html", fmt.Sprint(i), fmt.Sprintf("v%d.txt", i), "x")))
		for _, s := range []*miniprogram.Service{h.Service, other} {
			s.Forget(a.ID)
			p, err := s.Page(t.Context(), app, "/")
			good(t, err)
			if string(p.Body) != fmt.Sprint(i) {
				t.Errorf("after package %d the page is %s", i, p.Body)
			}
			etags[p.ETag] = true
			if _, err := s.Page(t.Context(), app, fmt.Sprintf("/v%d.txt", i-1)); !errors.Is(err, fault.NotFound) {
				t.Errorf("a file of an earlier package: %v", err)
			}
		}
	}
	if len(etags) != 3 {
		t.Errorf("ETags %v", etags)
	}
	refused(t, h.PutPackage(t.Context(), "dana", app, []byte("PK\x03\x04junk")), fault.BadRequest)
	if got := h.page(a, "/"); got != "text/html; charset=utf-8 2" {
		t.Errorf("after a bad package: %s", got)
	}
}

func TestBadPackages(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	many := []string{"index.html", "x"}
	for i := range miniprogram.PackageFiles {
		many = append(many, fmt.Sprintf("%d.txt", i), "x")
	}
	link := func() []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		hdr := &zip.FileHeader{Name: "index.html"}
		hdr.SetMode(os.ModeSymlink | 0o777)
		w, err := z.CreateHeader(hdr)
		good(t, err)
		_, err = w.Write([]byte("/etc/passwd"))
		good(t, err)
		good(t, z.Close())
		return out.Bytes()
	}()
	torn := bundle(t)
	torn = torn[:len(torn)-10]
	flipped := bytes.Replace(zipped(t, "index.html", strings.Repeat("stored as it is ", 2)), []byte("index.html"), []byte("index.html"), 1)
	flipped[60] ^= 1
	for what, c := range map[string]struct {
		raw  []byte
		want *fault.Fault
	}{
		"nothing": {nil, fault.BadRequest}, "junk": {[]byte("PK\x03\x04junk"), fault.BadRequest}, "torn": {torn, fault.BadRequest}, "flipped": {flipped, fault.BadRequest},
		"empty": {zipped(t), fault.BadRequest}, "no index": {zipped(t, "a/index.html", "x"), fault.BadRequest},
		"traversal": {zipped(t, "index.html", "x", "../../tmp/evil.html", "x"), fault.BadRequest}, "inner traversal": {zipped(t, "index.html", "x", "a/../b.html", "x"), fault.BadRequest},
		"absolute": {zipped(t, "index.html", "x", "/tmp/evil.html", "x"), fault.BadRequest}, "backslash": {zipped(t, "index.html", "x", `..\evil.html`, "x"), fault.BadRequest},
		"drive": {zipped(t, "index.html", "x", "c:evil.html", "x"), fault.BadRequest}, "dot": {zipped(t, "index.html", "x", "./a.html", "x"), fault.BadRequest},
		"folder traversal": {zipped(t, "index.html", "x", "../", ""), fault.BadRequest}, "control": {zipped(t, "index.html", "x", "a\nb.html", "x"), fault.BadRequest},
		"no name": {zipped(t, "index.html", "x", "", "x"), fault.BadRequest}, "long name": {zipped(t, "index.html", "x", strings.Repeat("x", 300)+".html", "x"), fault.BadRequest},
		"twice": {zipped(t, "index.html", "x", "index.html", "y"), fault.BadRequest}, "link": {link, fault.BadRequest},
		"program": {zipped(t, "index.html", "x", "run.exe", "x"), fault.BadRequest}, "php": {zipped(t, "index.html", "x", "index.php", "x"), fault.BadRequest}, "no type": {zipped(t, "index.html", "x", "LICENSE", "x"), fault.BadRequest},
		"many": {zipped(t, many...), fault.TooLarge}, "large": {make([]byte, miniprogram.PackageBytes+1), fault.TooLarge},
		"bomb": {zipped(t, "index.html", strings.Repeat("0", 4*miniprogram.UnpackedBytes)), fault.TooLarge}, "bombs": {zipped(t, "index.html", strings.Repeat("0", 5<<20), "b.txt", strings.Repeat("0", 5<<20)), fault.TooLarge},
	} {
		if err := h.PutPackage(t.Context(), "dana", string(a.ID), c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", what, err, c.want.Code)
		}
	}
	if got := h.page(a, "/"); got != "not_found" {
		t.Errorf("something of them is shown: %s", got)
	}
}

// A zip may lie about how large its files are.
func TestBombThatLies(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	const size = 0x3012345
	raw := zipped(t, "index.html", strings.Repeat("0", size))
	honest := binary.LittleEndian.AppendUint32(nil, size)
	if n := bytes.Count(raw, honest); n == 0 {
		t.Fatal("the zip does not tell its size where expected")
	}
	raw = bytes.ReplaceAll(raw, honest, []byte{1, 0, 0, 0})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := h.PutPackage(t.Context(), "dana", string(a.ID), raw)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, fault.BadRequest) && !errors.Is(err, fault.TooLarge) {
		t.Errorf("a bomb: %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size/2 {
		t.Errorf("a bomb took %d MiB", used>>20)
	}
}

// watched counts blobs.
type watched struct {
	miniprogram.Files
	mu   sync.Mutex
	keys map[string]bool
	fail bool
}

func (f *watched) Put(ctx context.Context, key string, r io.Reader, size int64, kind string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.Files.Put(ctx, key, r, size, kind); err != nil {
		return err
	}
	f.keys[key] = true
	if f.fail {
		return errors.New("the outcome is not known")
	}
	return nil
}

func (f *watched) Delete(ctx context.Context, key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail {
		return errors.New("away")
	}
	delete(f.keys, key)
	return f.Files.Delete(ctx, key)
}

func TestOldPackagesGo(t *testing.T) {
	h := open(t)
	files := &watched{Files: h.files, keys: map[string]bool{}}
	h.Service = h.node(h.store, files)
	a, _ := h.app("dana", "Noodles")
	put := func() error { return h.PutPackage(t.Context(), "dana", string(a.ID), bundle(t)) }
	good(t, put())
	good(t, put())
	if len(files.keys) != 2 {
		t.Errorf("%d packages; the replaced one may still be asked for", len(files.keys))
	}
	h.later(11 * time.Minute)
	h.Sweep(t.Context())
	if len(files.keys) != 1 {
		t.Errorf("%d packages 11 minutes later", len(files.keys))
	}

	files.fail = true
	refused(t, put(), fault.Unavailable)
	h.later(2 * time.Hour)
	h.Sweep(t.Context())
	if len(files.keys) != 2 || len(h.failed) == 0 {
		t.Errorf("%d packages, %v", len(files.keys), h.failed)
	}
	files.fail = false
	h.Sweep(t.Context())
	if len(files.keys) != 1 {
		t.Errorf("%d packages; one was never finished", len(files.keys))
	}
	if dump := h.dump(a.ID); strings.Count(dump, "package/") != 1 {
		t.Errorf("the store has\n%s", dump)
	}
	fresh := h.node(h.store, files) // remembers nothing
	if _, err := fresh.Page(t.Context(), string(a.ID), "/queue"); err != nil {
		t.Errorf("the current one is gone: %v", err)
	}
	good(t, put())
	h.later(11 * time.Minute)
	h.Sweep(t.Context())
	if len(files.keys) != 1 {
		t.Errorf("%d packages in the end", len(files.keys))
	}
}

// Whoever remembers an app as it was a moment ago finds its pages.
func TestPageOfAPackageThatIsGone(t *testing.T) {
	h := open(t)
	other := h.node(h.store, h.files)
	a, _ := h.app("dana", "Noodles")
	good(t, h.PutPackage(t.Context(), "dana", string(a.ID), bundle(t)))
	if _, err := other.App(t.Context(), string(a.ID)); err != nil {
		t.Fatal(err)
	}
	good(t, h.PutPackage(t.Context(), "dana", string(a.ID), bundle(t)))
	h.later(time.Hour)
	h.Sweep(t.Context())
	if _, err := other.Page(t.Context(), string(a.ID), "/"); err != nil {
		t.Error(err)
	}
}
