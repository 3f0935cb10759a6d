package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// Media is what people upload. *media.Service fits.
type Media interface {
	Upload(ctx context.Context, owner id.User, r io.Reader) (media.Medium, error)
	Get(ctx context.Context, u id.User, name string) (media.Medium, error)
	Content(ctx context.Context, m media.Medium) io.ReadSeekCloser
	Thumbnail(ctx context.Context, m media.Medium) ([]byte, error)
}

type uploaded struct {
	Media       string `json:"media" doc:"Its id."`
	Type        string `json:"type" doc:"A media type, found out from the bytes; application/octet-stream for what is no picture, sound or film."`
	Size        int64  `json:"size" doc:"Bytes, as they are served."`
	Width       int    `json:"width,omitzero" doc:"Pixels, as shown."`
	Height      int    `json:"height,omitzero" doc:"Pixels, as shown."`
	DurationMS  int64  `json:"duration_ms,omitzero" doc:"Of sound and film, if it could be found out."`
	Thumbnail   bool   `json:"thumbnail" doc:"There is a small JPEG of it."`
	Placeholder string `json:"placeholder,omitzero" doc:"A blurhash: what to show before anything is loaded."`
}

// newUpload is a form.
type newUpload struct {
	File string `json:"file" format:"binary" doc:"The file. Its name and type are not looked at."`
}

const (
	formType = "multipart/form-data"
	filePart = "file" // where in the form the file is
)

// uploadMedia takes a file in, as fast as it comes and for as long as it does.
func (s *server) uploadMedia(ctx context.Context, c *call, x *exchange) (uploaded, error) {
	who := string(c.user)
	if err := errors.Join(s.limits.upload.take(who), s.limits.uploadMiB.check(who)); err != nil {
		return uploaded{}, err
	}
	in := &inflow{body: c.r.Body, rc: http.NewResponseController(x), wait: x.bodyWait}
	c.r.Body = in
	defer in.over()
	file, err := fileOf(c.r)
	if err != nil {
		return uploaded{}, in.explain(x, err)
	}
	m, err := s.media.Upload(ctx, c.user, file)
	if err != nil {
		return uploaded{}, in.explain(x, err)
	}
	s.limits.uploadMiB.spend(who, float64(m.Size)/(1<<20))
	return uploaded{
		string(m.ID), m.Type, m.Size, m.Width, m.Height, m.Duration.Milliseconds(), m.Thumbnail, m.Placeholder,
	}, nil
}

var errNoForm = fault.UnsupportedMediaType.Saying("Send a form, as multipart/form-data, with the file in its part \"file\".")

// fileOf finds the file in a form that has nothing else.
func fileOf(r *http.Request) (io.Reader, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != formType {
		return nil, errNoForm
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errNoForm
	}
	part, err := form.NextPart()
	switch {
	case err == io.EOF:
		return nil, fault.BadRequest.At("/"+filePart, "is missing")
	case err != nil:
		return nil, errBroken
	case part.FormName() != filePart:
		return nil, fault.UnknownField
	case part.Header.Get("Content-Transfer-Encoding") != "":
		return nil, errNoForm
	}
	return &onlyPart{form, part}, nil
}

var errBroken = fault.BadRequest.Saying("The form did not come whole.")

// onlyPart reads a part of a form, and errs unless the form ends behind it.
type onlyPart struct {
	form *multipart.Reader
	part *multipart.Part
}

func (p *onlyPart) Read(b []byte) (int, error) {
	n, err := p.part.Read(b)
	switch err {
	case nil:
	case io.EOF:
		switch _, end := p.form.NextPart(); end {
		case io.EOF:
		case nil:
			err = fault.UnknownField
		default:
			err = errBroken
		}
	default:
		err = errBroken
	}
	return n, err
}

const (
	// progressBytes in progressWait are what a client has to send or take. Whoever
	// does may go on for as long as there is something.
	progressBytes = 32 << 10
	progressWait  = 30 * time.Second
	// keepWait is how long it may take to look at an upload and keep it.
	keepWait = 5 * time.Minute
)

// An inflow is a body that may take as long as it makes progress.
type inflow struct {
	body io.ReadCloser
	rc   *http.ResponseController
	wait time.Duration // for progress; 0: as usual
	due  int64         // bytes until the time begins anew
	late bool          // it did not make progress
}

func (in *inflow) Read(b []byte) (int, error) {
	if in.due <= 0 {
		wait := progressWait
		if in.wait > 0 {
			wait = in.wait
		}
		_ = in.rc.SetReadDeadline(time.Now().Add(wait)) // a connection without deadlines has none to miss
		_ = in.rc.SetWriteDeadline(time.Now().Add(wait + keepWait))
		in.due = progressBytes
	}
	n, err := in.body.Read(b)
	in.due -= int64(n)
	in.late = in.late || errors.Is(err, os.ErrDeadlineExceeded)
	return n, err
}

func (in *inflow) Close() error { return in.body.Close() }

// over lets the connection wait for the next request.
func (in *inflow) over() {
	if !in.late {
		_ = in.rc.SetReadDeadline(time.Time{})
	}
}

// explain tells why an upload was refused, to a client that may still be sending
// and would not see an answer before it is through.
func (in *inflow) explain(x *exchange, err error) error {
	if in.late {
		x.Header().Set("Connection", "close")
		return fault.BadRequest.Saying("The body did not come in time.")
	}
	_, _ = io.CopyN(io.Discard, in, drainMost)
	return err
}

func (s *server) getMedia(ctx context.Context, c *call, x *exchange) error {
	m, err := s.media.Get(ctx, c.user, c.named("media"))
	if err != nil {
		return err
	}
	content := s.media.Content(ctx, m)
	defer content.Close()
	return serveBytes(x, c.r, m.Type, string(m.ID), content)
}

func (s *server) getThumbnail(ctx context.Context, c *call, x *exchange) error {
	m, err := s.media.Get(ctx, c.user, c.named("media"))
	if err != nil {
		return err
	}
	b, err := s.media.Thumbnail(ctx, m)
	if err != nil {
		return err
	}
	return serveBytes(x, c.r, "image/jpeg", string(m.ID)+".thumb", bytes.NewReader(b))
}

// serveBytes answers with content that people made up: whole or in ranges, under
// the type that was found out, and never as something that a browser would run.
func serveBytes(x *exchange, r *http.Request, mediaType, tag string, content io.ReadSeeker) error {
	h := x.Header()
	before := h.Clone()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", dispositionOf(mediaType))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-cache") // kept by the client, asked again whether it still may
	h.Add("Vary", "Authorization")
	h.Set("ETag", `"`+tag+`"`)
	out := &outflow{x: x, rc: http.NewResponseController(x)}
	in := &failing{ReadSeeker: content}
	http.ServeContent(out, ranged(r), "", time.Time{}, in)
	switch {
	case out.sent:
		return in.err // cut off: the client sees that something is missing
	case in.err != nil, out.status == http.StatusRequestedRangeNotSatisfiable:
		rng := h.Get("Content-Range")
		clear(h)
		for name, values := range before {
			h[name] = values
		}
		if in.err != nil {
			return in.err
		}
		h.Set("Content-Range", rng)
		return errRange
	}
	x.WriteHeader(out.status) // without a body
	return nil
}

// ranged is a request as http.ServeContent takes it: that would refuse a range in
// another unit, or that is malformed, which is one to be ignored (RFC 9110, 14.2),
// and would answer one of the last none of the bytes, which cannot be.
func ranged(r *http.Request) *http.Request {
	asked := r.Header.Values("Range")
	if len(asked) == 0 {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	if set := byteRanges(strings.Join(asked, ",")); set != "" {
		r.Header.Set("Range", "bytes="+set)
	}
	return r
}

// byteRanges is what is asked for in bytes, "" if it is nothing, or cannot be understood.
func byteRanges(asked string) string {
	unit, set, _ := strings.Cut(asked, "=")
	if !strings.EqualFold(unit, "bytes") {
		return ""
	}
	var specs []string
	for spec := range strings.SplitSeq(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		first, last, cut := strings.Cut(spec, "-")
		a, b := position(first), position(last)
		switch {
		case !cut, a < 0 && (first != "" || b < 0), b < 0 && last != "", b >= 0 && b < a:
			return ""
		case a < 0 && b == 0:
			specs = append(specs, fmt.Sprintf("%d-", math.MaxInt64)) // lies in no file
		case a < 0:
			specs = append(specs, fmt.Sprintf("-%d", b))
		case b < 0:
			specs = append(specs, fmt.Sprintf("%d-", a))
		default:
			specs = append(specs, fmt.Sprintf("%d-%d", a, b))
		}
	}
	return strings.Join(specs, ",")
}

// position reads digits, of which there may be too many to matter; -1 if it is none.
func position(s string) int64 {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return -1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return n
}

// errRange is told with a status of its own: see statusOf.
var errRange = fault.New("bad_range", "The range does not lie in the file.")

// dispositionOf lets browsers show what they cannot run.
func dispositionOf(mediaType string) string {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image", "audio", "video":
		return "inline"
	}
	return "attachment"
}

// failing remembers that reading failed.
type failing struct {
	io.ReadSeeker
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.ReadSeeker.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// An outflow is an answer that may take as long as it makes progress. Its head is
// sent with the first bytes, so that there is still another answer to give if
// those cannot be had.
type outflow struct {
	x      *exchange
	rc     *http.ResponseController
	status int
	sent   bool
}

func (o *outflow) Header() http.Header { return o.x.Header() }

func (o *outflow) WriteHeader(status int) { o.status = status }

func (o *outflow) Write(b []byte) (n int, err error) {
	if o.status == http.StatusRequestedRangeNotSatisfiable { // in words of its own
		return len(b), nil
	}
	if !o.sent {
		o.sent = true
		o.x.WriteHeader(o.status)
	}
	for len(b) > 0 && err == nil {
		part := b[:min(len(b), progressBytes)]
		_ = o.rc.SetWriteDeadline(time.Now().Add(progressWait))
		var wrote int
		wrote, err = o.x.Write(part)
		n, b = n+wrote, b[wrote:]
	}
	return n, err
}
