// Package blobtest is the contract of media.Blobs as tests that every
// implementation runs. Each test works on keys of its own, so that many may share
// one place.
package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// Open gives a test blobs to work on and cleans up after it.
type Open func(t *testing.T) media.Blobs

// Run holds an implementation to the contract.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, media.Blobs){
		"Whole": whole, "Ranges": ranges, "Replace": replace, "Unknown": unknown, "Delete": remove,
		"WholeOrNotAtAll": wholeOrNotAtAll, "Together": together, "BadKeys": badKeys,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	t.Run("Ready", func(t *testing.T) { must(t, open(t).Ready(t.Context())) })
}

func newKey() string { return string(id.NewMedia()) }

func content(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, b media.Blobs, key string, data []byte) {
	t.Helper()
	must(t, b.Put(t.Context(), key, bytes.NewReader(data), int64(len(data)), "image/png"))
}

func read(t *testing.T, b media.Blobs, key string, offset, n int64) []byte {
	t.Helper()
	r, err := b.Open(t.Context(), key, offset, n)
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	return got
}

func absent(t *testing.T, b media.Blobs, key string) {
	t.Helper()
	if r, err := b.Open(t.Context(), key, 0, -1); !errors.Is(err, media.ErrUnknown) {
		t.Fatalf("opening %s: %v, %v; want ErrUnknown", key, r, err)
	}
}

func whole(t *testing.T, b media.Blobs) {
	for _, n := range []int{0, 1, 4096, 1<<20 + 17, 9 << 20} {
		key, data := newKey(), content(n)
		put(t, b, key, data)
		if got := read(t, b, key, 0, -1); !bytes.Equal(got, data) {
			t.Fatalf("%d bytes come back as %d others", n, len(got))
		}
	}
	key, data := newKey()+".thumb", content(100_000)
	must(t, b.Put(t.Context(), key, iotest.HalfReader(bytes.NewReader(data)), int64(len(data)), "image/jpeg"))
	if got := read(t, b, key, 0, -1); !bytes.Equal(got, data) {
		t.Fatal("a blob of a reader that cannot seek is not what was put")
	}
}

func ranges(t *testing.T, b media.Blobs) {
	key, data := newKey(), content(70_000)
	put(t, b, key, data)
	for _, r := range []struct{ offset, n, from, to int64 }{
		{0, 1, 0, 1},
		{0, 70_000, 0, 70_000},
		{1, 2, 1, 3},
		{69_999, 1, 69_999, 70_000},
		{69_999, -1, 69_999, 70_000},
		{30_000, -1, 30_000, 70_000},
		{60_000, 20_000, 60_000, 70_000},
		{5, 0, 5, 5},
		{70_000, -1, 0, 0},
		{70_000, 5, 0, 0},
		{90_000, 5, 0, 0},
	} {
		if got := read(t, b, key, r.offset, r.n); !bytes.Equal(got, data[r.from:r.to]) {
			t.Errorf("%d bytes from %d on: got %d bytes, want %d", r.n, r.offset, len(got), r.to-r.from)
		}
	}
}

func replace(t *testing.T, b media.Blobs) {
	key := newKey()
	put(t, b, key, content(5000))
	again := content(300)
	put(t, b, key, again)
	if got := read(t, b, key, 0, -1); !bytes.Equal(got, again) {
		t.Fatal("what was put last is not there")
	}
}

func unknown(t *testing.T, b media.Blobs) {
	absent(t, b, newKey())
	if _, err := b.Open(t.Context(), newKey(), 5, 10); !errors.Is(err, media.ErrUnknown) {
		t.Fatalf("a range of nothing: %v", err)
	}
}

func remove(t *testing.T, b media.Blobs) {
	key, other := newKey(), newKey()
	put(t, b, key, content(10))
	put(t, b, other, content(20))
	for range 2 {
		must(t, b.Delete(t.Context(), key))
	}
	absent(t, b, key)
	if len(read(t, b, other, 0, -1)) != 20 {
		t.Fatal("another blob is gone too")
	}
}

func wholeOrNotAtAll(t *testing.T, b media.Blobs) {
	broken := errors.New("broken")
	for name, r := range map[string]io.Reader{
		"a reader that fails": io.MultiReader(bytes.NewReader(content(3000)), iotest.ErrReader(broken)),
		"too few bytes":       io.MultiReader(bytes.NewReader(content(9999))),
		"too many bytes":      io.MultiReader(bytes.NewReader(content(20_001))),
	} {
		key := newKey()
		if err := b.Put(t.Context(), key, r, 10_000, "image/png"); err == nil && name != "too many bytes" {
			t.Errorf("%s: nobody complains", name)
		}
		if rc, err := b.Open(t.Context(), key, 0, -1); !errors.Is(err, media.ErrUnknown) {
			if name == "too many bytes" && err == nil { // as many as were told, then
				if got, _ := io.ReadAll(rc); len(got) == 10_000 {
					continue
				}
			}
			t.Errorf("%s: something is stored: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	key := newKey()
	if err := b.Put(ctx, key, bytes.NewReader(content(10)), 10, "image/png"); err == nil {
		t.Error("a put that nobody waits for succeeds")
	}
	absent(t, b, key)

	kept, old := newKey(), content(500)
	put(t, b, kept, old)
	_ = b.Put(t.Context(), kept, io.MultiReader(bytes.NewReader(content(10)), iotest.ErrReader(broken)), 1000, "image/png")
	if got := read(t, b, kept, 0, -1); !bytes.Equal(got, old) {
		t.Error("a put that failed has changed what was there")
	}
}

// Readers see one of the blobs that were put, never a mixture.
func together(t *testing.T, b media.Blobs) {
	key := newKey()
	versions := [][]byte{bytes.Repeat([]byte("a"), 1_000_000), bytes.Repeat([]byte("b"), 1_000_000), bytes.Repeat([]byte("c"), 1_000_000)}
	put(t, b, key, versions[0])
	var all sync.WaitGroup
	for _, v := range versions {
		all.Go(func() {
			for range 5 {
				if err := b.Put(t.Context(), key, bytes.NewReader(v), int64(len(v)), "image/png"); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range 10 {
				r, err := b.Open(t.Context(), key, 0, -1)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(r)
				_ = r.Close()
				if err != nil || len(got) != 1_000_000 || bytes.Count(got, got[:1]) != 1_000_000 {
					t.Errorf("read %d bytes, a mixture perhaps: %v", len(got), err)
				}
			}
		})
	}
	all.Wait()
}

func badKeys(t *testing.T, b media.Blobs) {
	for _, key := range []string{"", "..", "../../etc/passwd", "a/b/c", "m-\x00abc", ".hidden", "m-Ä", strings.Repeat("m", 101)} {
		if err := b.Put(t.Context(), key, strings.NewReader("x"), 1, "image/png"); err == nil {
			t.Errorf("a blob is put under %q", key)
		}
		if _, err := b.Open(t.Context(), key, 0, -1); err == nil {
			t.Errorf("%q is opened", key)
		}
		if err := b.Delete(t.Context(), key); err == nil {
			t.Errorf("%q is deleted", key)
		}
	}
}
