package app

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

// shared are what the pages of all samples have: a style, and a way to talk to the
// client that shows them and to their own server.
//
//go:embed page
var shared embed.FS

// pack makes the package: the program's own pages, what all samples share, and two
// files that are written here. teahouse.json declares the one server that the pages
// may call, which everybody can read in the directory; server.js tells the pages.
func pack(pages fs.FS, own string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	common, err := fs.Sub(shared, "page")
	if err != nil {
		return nil, err
	}
	for _, from := range []fs.FS{pages, common} {
		if err := z.AddFS(from); err != nil {
			return nil, err
		}
	}
	manifest, err := json.Marshal(map[string][]string{"connect": {own}})
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"teahouse.json": string(manifest),
		"server.js":     fmt.Sprintf("export const server = %q;\n", own),
	} {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return b.Bytes(), err
}
