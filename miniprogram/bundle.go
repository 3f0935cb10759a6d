package miniprogram

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
)

// A bundle is an app's unpacked package, by path.
type bundle map[string]Page

// A Page is a file of a package.
type Page struct {
	Type string // a media type
	Body []byte // nobody may change it
	ETag string // with its quotes

	Connects []string // the origins it may call; of the app, not of the file
}

// pageTypes are the files that a page can be made of, by their extension.
var pageTypes = map[string]string{
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".mjs":   "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".json":  "application/json",
	".txt":   "text/plain; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".jpg":   "image/jpeg",
	".jpeg":  "image/jpeg",
	".gif":   "image/gif",
	".webp":  "image/webp",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
	".wav":   "audio/wav",
	".mp3":   "audio/mpeg",
	".mp4":   "video/mp4",
	".webm":  "video/webm",
}

const (
	indexPage = "index.html"
	pathBytes = 200 // of a file in a package

	// entriesMost bounds the lines of a zip's own directory: files and folders.
	entriesMost = 2 * PackageFiles
)

var errUnpacked = fault.TooLarge.Saying(fmt.Sprintf("Unpacked, the package has more than %d MiB.", UnpackedBytes>>20))

// unpack reads a package whole and calls keep with each file. BadRequest, TooLarge:
// it is no package. It believes nothing that the zip says about itself, and holds
// one file at a time.
func unpack(raw []byte, keep func(path string, body []byte)) error {
	if len(raw) > PackageBytes {
		return fault.TooLarge.Saying(fmt.Sprintf("A package has at most %d MiB.", PackageBytes>>20))
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return fault.BadRequest.Saying("The package is no zip file.")
	}
	if len(z.File) > entriesMost {
		return errFiles
	}
	seen := map[string]bool{}
	left := int64(UnpackedBytes)
	for _, f := range z.File {
		folder := strings.HasSuffix(f.Name, "/")
		if err := checkFile(f, folder); err != nil {
			return err
		}
		if folder {
			continue
		}
		if seen[f.Name] {
			return badFile(f.Name, "is there twice")
		}
		seen[f.Name] = true
		if len(seen) > PackageFiles {
			return errFiles
		}
		body, err := readFile(f, left)
		if err != nil {
			return err
		}
		left -= int64(len(body))
		keep(f.Name, body)
	}
	if !seen[indexPage] {
		return fault.BadRequest.Saying("The package has no index.html at its root.")
	}
	return nil
}

var errFiles = fault.TooLarge.Saying(fmt.Sprintf("The package has more than %d files.", PackageFiles))

// checkFile refuses what is no plain file of a page, by its name and kind.
func checkFile(f *zip.File, folder bool) error {
	name := strings.TrimSuffix(f.Name, "/")
	odd := func(r rune) bool { return r == '\\' || r == ':' || !unicode.IsPrint(r) }
	switch {
	case !utf8.ValidString(name) || len(name) > pathBytes || strings.ContainsFunc(name, odd) || !fs.ValidPath(name) || name == ".":
		return badFile(name, "is no path inside the package")
	case folder:
		return nil
	case !f.Mode().IsRegular():
		return badFile(name, "is no plain file")
	case pageTypes[strings.ToLower(path.Ext(name))] == "":
		return badFile(name, "is none of the files that a page is made of")
	case f.Flags&1 != 0:
		return badFile(name, "is encrypted")
	case f.UncompressedSize64 > UnpackedBytes:
		return errUnpacked
	}
	return nil
}

// readFile unpacks a file of at most so many bytes.
func readFile(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, badFile(f.Name, "cannot be unpacked")
	}
	defer func() { _ = r.Close() }()
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case int64(len(body)) > most:
		return nil, errUnpacked
	case err != nil:
		return nil, badFile(f.Name, "cannot be unpacked")
	}
	return body, nil
}

func badFile(name, is string) error {
	runes := []rune(strings.ToValidUTF8(name, "\ufffd"))
	return fault.BadRequest.Saying(fmt.Sprintf("The file %q of the package %s.", string(runes[:min(len(runes), 80)]), is))
}

// open is a package that was found good, ready to be served.
func open(raw []byte) (bundle, error) {
	b := bundle{}
	err := unpack(raw, func(name string, body []byte) {
		sum := sha256.Sum256(body)
		b[name] = Page{
			Type: pageTypes[strings.ToLower(path.Ext(name))],
			Body: body,
			ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`,
		}
	})
	return b, err
}

// page finds a file as a browser asks for it: a folder is its index.html.
func (b bundle) page(asked string) (Page, error) {
	name := strings.TrimPrefix(asked, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += indexPage
	}
	if p, ok := b[name]; ok {
		return p, nil
	}
	if p, ok := b[name+"/"+indexPage]; ok {
		return p, nil
	}
	return Page{}, fault.NotFound
}

// weight is about how much memory it takes.
func (b bundle) weight() uint32 {
	n := 1 << 10
	for name, p := range b {
		n += len(name) + len(p.Body) + 256
	}
	return uint32(n)
}

var errDamaged = errors.New("a package that was found good is none")
