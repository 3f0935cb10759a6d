package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/blob"
)

func openMedia(h *house, store media.Store) *media.Service {
	h.t.Helper()
	files, err := blob.OpenFiles(h.t.TempDir())
	if err != nil {
		h.t.Fatal(err)
	}
	opt := media.DefaultOptions()
	opt.Now, opt.Temp, opt.Bytes = h.time, h.t.TempDir(), 3<<20
	return media.NewService(store, files, map[string]media.Witness{media.Message: shownIn{h}}, opt)
}

// uploads are media as chat has them.
type uploads struct{ *media.Service }

func (l uploads) Own(ctx context.Context, u id.User, name string) (chat.Medium, error) {
	m, err := l.Service.Own(ctx, u, name)
	return chat.Medium{ID: m.ID, Type: m.Type, Size: m.Size, Width: m.Width, Height: m.Height, Duration: m.Duration}, err
}

func (l uploads) Carry(ctx context.Context, m id.Media, carrier string) error {
	return l.Service.Carry(ctx, m, media.Carrier{Kind: media.Message, ID: carrier})
}

// shownIn are the messages of a house.
type shownIn struct{ h *house }

func (m shownIn) MayRead(ctx context.Context, u id.User, carrier string, of id.Media) (bool, error) {
	return m.h.chat.MayReadMedium(ctx, u, carrier, of)
}

func (m shownIn) Carries(ctx context.Context, carrier string, of id.Media) (bool, error) {
	return m.h.chat.Carries(ctx, carrier, of)
}

// form is a form with one part, and its type.
func form(part string, data []byte) (body []byte, kind string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	head := textproto.MIMEHeader{}
	head.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename="../../evil.html"`, part))
	head.Set("Content-Type", "text/html")
	p, _ := w.CreatePart(head)
	_, _ = p.Write(data)
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

func (h *house) sendForm(token string, body []byte, kind string) answer {
	h.t.Helper()
	r := h.request("POST", "/v1/media", token, string(body))
	r.Header.Set("Content-Type", kind)
	return h.do(r)
}

func (h *house) tryUpload(token string, data []byte) answer {
	h.t.Helper()
	body, kind := form("file", data)
	return h.sendForm(token, body, kind)
}

func (h *house) upload(token string, data []byte) (m uploaded) {
	h.t.Helper()
	return into[uploaded](h.tryUpload(token, data).want(201))
}

func (h *house) download(token, path string, headers ...string) answer {
	h.t.Helper()
	r := h.request("GET", path, token, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return h.do(r)
}

func aPicture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	b[0] = 'n'
	return b
}

func message(kind string, body map[string]any) map[string]any {
	return map[string]any{"message_id": uuid.Must(uuid.NewV7()).String(), "kind": kind, "body": body}
}

func (h *house) direct(token, with string) string {
	h.t.Helper()
	return h.post("/v1/conversations", token, map[string]any{"with": with}).want(200).object()["stream"].(string)
}

func TestMediaComeBack(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	file := noise(300_000)
	m := h.upload(ann, file)
	if m.Type != "application/octet-stream" || m.Size != 300_000 || m.Thumbnail {
		t.Fatalf("%+v", m)
	}
	got := h.download(ann, "/v1/media/"+m.Media).want(200)
	if !bytes.Equal(got.body, file) {
		t.Error("it is not what was uploaded")
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff",
		"Content-Length": "300000", "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache", "Vary": "Authorization",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox;") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the policy is %q", csp)
	}
	h.download(ann, "/v1/media/"+m.Media+"/thumbnail").refused("not_found")
	for name := range h.tryUpload(ann, noise(5)).want(201).object() {
		if !slices.Contains([]string{"media", "type", "size", "thumbnail"}, name) {
			t.Errorf("the upload of a file tells its %s", name)
		}
	}

	p := h.upload(ann, aPicture(t, 900, 600))
	if p.Type != "image/png" || p.Width != 900 || p.Height != 600 || !p.Thumbnail || p.Placeholder == "" {
		t.Fatalf("%+v", p)
	}
	whole := h.download(ann, "/v1/media/"+p.Media).want(200)
	if whole.header.Get("Content-Disposition") != "inline" || whole.header.Get("Content-Type") != "image/png" {
		t.Errorf("a picture comes with %v", whole.header)
	}
	small := h.download(ann, "/v1/media/"+p.Media+"/thumbnail").want(200)
	img, kind, err := image.Decode(bytes.NewReader(small.body))
	if err != nil || kind != "jpeg" || small.header.Get("Content-Type") != "image/jpeg" || img.Bounds().Dx() != 320 {
		t.Errorf("the thumbnail is %s, %v, %v", kind, err, small.header)
	}
}

// Whatever is uploaded under whatever name and type: a browser is not given a
// script to run.
func TestMediaAreNeverScript(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	for name, data := range map[string]string{
		"HTML": "<!doctype html><script>alert(1)</script>", "SVG": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"JavaScript": "alert(1)", "PDF": "%PDF-1.4", "XML": "<?xml version='1.0'?><a/>", "CSS": "*{}", "GIF with script": "GIF89a=1;alert(1)", "nothing": "",
	} {
		m := h.upload(ann, []byte(data))
		got := h.download(ann, "/v1/media/"+m.Media).want(200)
		if got.header.Get("Content-Type") != "application/octet-stream" || got.header.Get("Content-Disposition") != "attachment" || string(got.body) != data {
			t.Errorf("%s comes as %v", name, got.header)
		}
	}
}

func TestMediaInRanges(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	file := noise(100_000)
	path := "/v1/media/" + h.upload(ann, file).Media
	tag := h.download(ann, path).want(200).header.Get("ETag")
	for _, c := range []struct {
		rng      string
		from, to int
	}{
		{"bytes=0-0", 0, 1},
		{"bytes=0-", 0, 100_000},
		{"bytes=99999-", 99_999, 100_000},
		{"bytes=500-999", 500, 1000},
		{"bytes=-10", 99_990, 100_000},
		{"bytes=-1000000", 0, 100_000},
		{"bytes=90000-200000", 90_000, 100_000},
	} {
		got := h.download(ann, path, "Range", c.rng).want(206)
		if !bytes.Equal(got.body, file[c.from:c.to]) || got.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/100000", c.from, c.to-1) {
			t.Errorf("%s: %d bytes, %v", c.rng, len(got.body), got.header)
		}
		h.download(ann, path, "Range", c.rng, "If-Range", tag).want(206)
		if got := h.download(ann, path, "Range", c.rng, "If-Range", `"another"`).want(200); !bytes.Equal(got.body, file) {
			t.Errorf("%s of another version: %d bytes", c.rng, len(got.body))
		}
	}
	for _, rng := range []string{"bytes=100000-", "bytes=200000-300000", "bytes=-0", "Bytes=99999999999999999999-"} {
		got := h.download(ann, path, "Range", rng)
		if got.refused("bad_range"); got.status != 416 {
			t.Errorf("%s: %d", rng, got.status)
		}
		if got.header.Get("Content-Security-Policy") == "" || got.header.Get("Cache-Control") != "no-store" || got.header.Get("ETag") != "" {
			t.Errorf("%s: %v", rng, got.header)
		}
	}
	for _, rng := range []string{
		"items=0-1", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=abc", "bytes=a-b", "bytes=5-4", "bytes=0-1,x", "bytes=--1",
		"bytes=0-+1", "0-1",
	} {
		if got := h.download(ann, path, "Range", rng).want(200); !bytes.Equal(got.body, file) {
			t.Errorf("%q, which is none: %d bytes", rng, len(got.body))
		}
	}
	if got := h.download(ann, path, "Range", "BYTES=-99999999999999999999").want(206); !bytes.Equal(got.body, file) {
		t.Errorf("more than all of it: %d bytes", len(got.body))
	}
	parts := h.download(ann, path, "Range", "bytes=0-4,10-14").want(206)
	if !strings.HasPrefix(parts.header.Get("Content-Type"), "multipart/byteranges") || !bytes.Contains(parts.body, file[10:15]) {
		t.Errorf("two ranges: %v", parts.header)
	}
	many := "bytes=0-" + strings.Repeat(",0-", 1000)
	if got := h.download(ann, path, "Range", many); len(got.body) > 200_000 {
		t.Errorf("a thousand ranges make %d bytes", len(got.body))
	}
	if got := h.download(ann, path, "If-None-Match", tag).want(304); len(got.body) != 0 {
		t.Errorf("not modified: %d bytes", len(got.body))
	}
	r := h.request("HEAD", path, ann, nil)
	if got := h.do(r).want(200); got.header.Get("Content-Length") != "100000" || len(got.body) != 0 {
		t.Errorf("HEAD: %v", got.header)
	}
}

func TestBadUploads(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	good, kind := form("file", noise(2000))
	boundary := strings.TrimPrefix(kind, "multipart/form-data; boundary=")
	two := bytes.Join([][]byte{good[:bytes.LastIndex(good, []byte("--"+boundary))], []byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\nx\r\n--" + boundary + "--\r\n")}, nil)
	other, otherKind := form("picture", noise(10))
	for name, c := range map[string]struct {
		body []byte
		kind string
		code string
	}{
		"no body":               {nil, kind, "bad_request"},
		"no type":               {good, "", "unsupported_media_type"},
		"JSON":                  {[]byte(`{"file":"x"}`), "application/json", "unsupported_media_type"},
		"the file as it is":     {noise(100), "image/png", "unsupported_media_type"},
		"no boundary":           {good, "multipart/form-data", "unsupported_media_type"},
		"another boundary":      {good, "multipart/form-data; boundary=other", "bad_request"},
		"multipart/mixed":       {good, strings.Replace(kind, "form-data", "mixed", 1), "unsupported_media_type"},
		"another part":          {other, otherKind, "unknown_field"},
		"two parts":             {two, kind, "unknown_field"},
		"cut off":               {good[:1000], kind, "bad_request"},
		"cut off at the end":    {good[:len(good)-6], kind, "bad_request"},
		"cut off at the header": {good[:30], kind, "bad_request"},
		"no parts":              {[]byte("--" + boundary + "--\r\n"), kind, "bad_request"},
		"base64":                {bytes.Replace(good, []byte("Content-Type: text/html"), []byte("Content-Transfer-Encoding: base64"), 1), kind, "unsupported_media_type"},
	} {
		if got := h.sendForm(ann, c.body, c.kind); got.status >= 500 || into[problem](got).Code != c.code {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.body, c.code)
		}
	}
	h.tryUpload(ann, noise(3<<20)).want(201)
	h.tryUpload(ann, noise(3<<20+1)).refused("too_large")
	h.tryUpload(ann, noise(5<<20)).refused("too_large")
	h.tryUpload("", noise(10)).refused("unauthenticated")
	for _, path := range []string{"/v1/media", "/v1/media/", "/v1/media/x/y"} {
		if got := h.get(path, ann); got.status != 404 && got.status != 405 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestUploadsAreLimited(t *testing.T) {
	h := open(t, func(_ *Parts, o *Options) {
		o.Limits = Limits{Upload: Rate{PerSecond: 0.001, Burst: 5}, UploadMiB: Rate{PerSecond: 0.001, Burst: 2}}
	})
	ann, bob, cat := h.user("ann"), h.user("bob"), h.user("cat")
	for range 5 {
		h.upload(ann, noise(10))
	}
	if got := h.tryUpload(ann, noise(10)); got.refused("rate_limited").Status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("%v", got.header)
	}
	h.upload(bob, noise(1<<20))
	h.upload(bob, noise(1<<20))
	h.tryUpload(bob, noise(10)).refused("rate_limited")
	h.upload(cat, noise(10))
}

// slow is a body that takes its time and does come in the end.
type slow struct {
	r     io.Reader
	pause time.Duration
}

func (s *slow) Read(b []byte) (int, error) {
	time.Sleep(s.pause)
	return s.r.Read(b[:min(len(b), 40<<10)])
}

// timed serves a house's API as the node does, with timeouts that cut other requests off.
func timed(t *testing.T, h *house, all time.Duration) string {
	t.Helper()
	handler := New(Parts{Accounts: h.accounts, Contacts: h.contacts, Chat: h.chat, Groups: h.chat, Media: h.media}, Options{Logger: zerolog.Nop()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ReadTimeout: all, WriteTimeout: all, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(64 << 10)
		return ctx
	}}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return "http://" + l.Addr().String()
}

// What makes progress is not cut off by the timeouts of the server.
func TestSlowMediaArrive(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	url := timed(t, h, time.Second)
	file := noise(400_000)
	body, kind := form("file", file)
	r, err := http.NewRequest("POST", url+"/v1/media", &slow{bytes.NewReader(body), 150 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+ann)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("a slow upload: %v", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 201 {
		t.Fatalf("a slow upload: %d %s %v", res.StatusCode, raw, err)
	}
	m := into[uploaded](answer{t: t, body: raw})

	// More than fits into the buffers between: a client that reads slowly.
	big := noise(3 << 20)
	n := h.upload(ann, big)
	for _, id := range []string{m.Media, n.Media} {
		r, err = http.NewRequest("GET", url+"/v1/media/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+ann)
		tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
			}
			return c, err
		}}
		res, err = tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || int64(len(got)) != res.ContentLength {
			t.Fatalf("a slow download: %d bytes of %d, %v", len(got), res.ContentLength, err)
		}
	}
}

// brokenMedia has media whose bytes cannot be had, at all or from some place on.
type brokenMedia struct {
	Media
	after int64
	reads *atomic.Int64
}

type brokenContent struct {
	io.ReadSeekCloser
	left  int64
	reads *atomic.Int64
}

func (b *brokenContent) Read(p []byte) (int, error) {
	b.reads.Add(1)
	if b.left <= 0 {
		return 0, fmt.Errorf("the disk: %w", fault.Unavailable)
	}
	n, err := b.ReadSeekCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (m brokenMedia) Content(ctx context.Context, of media.Medium) io.ReadSeekCloser {
	return &brokenContent{m.Media.Content(ctx, of), m.after, m.reads}
}

// Bytes that cannot be had are an error, and never an answer that looks whole.
func TestMediaThatCannotBeRead(t *testing.T) {
	for _, after := range []int64{0, 100_000} {
		var reads atomic.Int64
		h := open(t, func(p *Parts, _ *Options) { p.Media = brokenMedia{p.Media, after, &reads} })
		ann := h.user("ann")
		m := h.upload(ann, noise(300_000))
		res, err := http.DefaultTransport.RoundTrip(h.request("GET", "/v1/media/"+m.Media, ann, nil))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		switch {
		case after == 0 && (res.StatusCode != 503 || !bytes.Contains(body, []byte("unavailable")) || res.Header.Get("Content-Disposition") != ""):
			t.Errorf("nothing can be read, and the answer is %d %s %v", res.StatusCode, body, res.Header)
		case after > 0 && !errors.Is(err, io.ErrUnexpectedEOF):
			t.Errorf("a part can be read, and the client sees %d bytes and %v", len(body), err)
		}
		if reads.Load() == 0 {
			t.Error("nothing was read")
		}
	}
}
