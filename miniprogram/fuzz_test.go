package miniprogram

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"strings"
	"testing"
)

// What is taken for a package is one, whatever the zip says about itself.
func FuzzUnpack(f *testing.F) {
	for _, names := range [][]string{{"index.html"}, {"index.html", "a/b.js"}, {"../index.html"}, {"index.html", "index.html"}, {`a\b.html`}, {}} {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, name := range names {
			w, err := z.Create(name)
			if err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write([]byte("<h1>Hello</h1>")); err != nil {
				f.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept, size := map[string]bool{}, 0
		err := unpack(raw, func(path string, body []byte) {
			if !fs.ValidPath(path) || strings.ContainsAny(path, "\\:\x00") || kept[path] {
				t.Errorf("the file %q", path)
			}
			kept[path] = true
			size += len(body)
		})
		if len(kept) > PackageFiles || size > UnpackedBytes {
			t.Errorf("%d files, %d bytes", len(kept), size)
		}
		if err == nil && !kept[indexPage] {
			t.Error("a package without index.html is taken")
		}
		if b, again := open(raw); (again == nil) != (err == nil) || err == nil && len(b) != len(kept) {
			t.Errorf("%v when it is handed in, %v when it is served", err, again)
		}
	})
}
