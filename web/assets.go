package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// types are the kinds of file that are served; what is not here (declarations
// for the type checker, for example) is not.
var types = map[string]string{
	".js":          "text/javascript; charset=utf-8",
	".mjs":         "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
}

// A site is everything the handler serves.
type site struct {
	prefix string            // of the assets' paths: /assets/<hash of all of them>/
	assets map[string]*asset // by path below the prefix
	page   *asset
	bench  *asset // the page of the sandbox; nil without
	worker *asset // what pushes wake; its path says what it controls
}

// An asset is one file, ready to be sent.
type asset struct {
	kind   string
	cache  string // Cache-Control
	etag   string
	plain  []byte
	zipped []byte // nil where it would not be smaller
}

const (
	// The path of an asset changes whenever any asset does, so that modules,
	// which name each other by relative path, always belong together.
	cacheForever = "public, max-age=31536000, immutable"
	cacheNever   = "no-cache" // ask every time; the answer is mostly "not modified"
)

const workerFile = "worker.js"

// load prepares the embedded files. They are part of the program: that one
// cannot be read is a bug, not a failure. What only the sandbox's page loads is
// there if it is.
func load(sandbox bool) *site {
	s := &site{assets: map[string]*asset{}}
	all := sha256.New()
	root, err := fs.Sub(static, "static")
	must(err)
	must(fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		kind := types[path.Ext(name)]
		if d != nil && d.IsDir() && name == sandboxDir && !sandbox {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || kind == "" {
			return err
		}
		b, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if path.Dir(name) == "vendor" {
			b = relative(b)
		}
		if name == workerFile {
			s.worker = newAsset(kind, cacheNever, b)
			return nil
		}
		fmt.Fprintf(all, "%s %d\n", name, len(b))
		all.Write(b)
		s.assets[name] = newAsset(kind, cacheForever, b)
		return nil
	}))
	s.prefix = "/assets/" + hex.EncodeToString(all.Sum(nil))[:16] + "/"
	s.page = newAsset(pageType, cacheNever, s.index(root, "index.html", func(name string) bool { return path.Dir(name) != sandboxDir }))
	if sandbox {
		s.bench = newAsset(pageType, cacheNever, s.index(root, sandboxDir+"/index.html", func(name string) bool { return path.Dir(name) == sandboxDir }))
	}
	return s
}

// relative makes a vendored module import its neighbour by path. The files in
// vendor/ are kept byte for byte as they were published, and browsers cannot
// resolve a package's name.
func relative(module []byte) []byte {
	return bytes.ReplaceAll(module, []byte(`from"preact"`), []byte(`from"./preact.mjs"`))
}

const pageType = "text/html; charset=utf-8"

// index fills a page in: where the assets are, and which modules it has, so that
// the browser asks for all of them at once.
func (s *site) index(root fs.FS, file string, has func(module string) bool) []byte {
	t, err := template.ParseFS(root, file)
	must(err)
	var modules []string
	for name, a := range s.assets {
		if a.kind == types[".js"] && has(name) {
			modules = append(modules, name)
		}
	}
	slices.Sort(modules)
	var page bytes.Buffer
	must(t.Execute(&page, struct {
		Assets  string
		Modules []string
	}{s.prefix, modules}))
	return page.Bytes()
}

func newAsset(kind, cache string, plain []byte) *asset {
	sum := sha256.Sum256(plain)
	a := &asset{kind: kind, cache: cache, plain: plain, etag: `W/"` + hex.EncodeToString(sum[:8]) + `"`}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	must(err)
	_, err = z.Write(plain)
	must(err)
	must(z.Close())
	if b.Len() < len(plain) {
		a.zipped = b.Bytes()
	}
	return a
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", a.etag)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = a.zipped
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body) //nolint:errcheck // the browser went away
	}
}

func must(err error) {
	if err != nil {
		panic("web: " + err.Error())
	}
}
