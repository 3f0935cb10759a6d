package sandbox

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
)

// Below is the path below which a Box answers.
const Below = "/sandbox/"

const (
	bodyMost    = 64 << 10             // bytes of what this page's own requests say
	advanceMost = 365 * 24 * time.Hour // at once
)

func (b *Box) routes() {
	b.mux.HandleFunc("GET /sandbox/people", b.people)
	b.mux.HandleFunc("POST /sandbox/session", b.session)
	b.mux.HandleFunc("POST /sandbox/clock", b.clock)
	b.mux.HandleFunc("GET /sandbox/news", b.whatsNew)
	b.mux.HandleFunc("POST /sandbox/hook/{app}", b.hook)
	b.mux.HandleFunc("GET /sandbox/sample.zip", b.sample)
}

// ServeHTTP answers whoever is at this machine. A page of elsewhere can make a
// browser send requests to loopback, by its address or under a name of its own
// that resolves to it: so names are those that no page can own, and what changes
// something must not come from a page of elsewhere, nor from one without an
// origin, as mini-programs are.
func (b *Box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !local(r.Host) {
		refuse(w, http.StatusForbidden, fault.Forbidden.Saying("The sandbox does not answer to that host name."))
		return
	}
	if http.NewCrossOriginProtection().Check(r) != nil {
		refuse(w, http.StatusForbidden, fault.Forbidden.Saying("The sandbox takes nothing from pages of elsewhere."))
		return
	}
	b.mux.ServeHTTP(w, r)
}

// local tells whether a host is an address or a name that nobody can register.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	_, err = netip.ParseAddr(name)
	return err == nil || name != "" && !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost")
}

func (b *Box) people(w http.ResponseWriter, _ *http.Request) {
	answer(w, struct {
		People []Person `json:"people"`
	}{b.opt.People})
}

// session signs one of the made-up people in.
func (b *Box) session(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User   string `json:"user"`
		Device string `json:"device"`
	}
	if !read(w, r, &in) {
		return
	}
	if !slices.ContainsFunc(b.opt.People, func(p Person) bool { return p.User == in.User }) {
		refuse(w, http.StatusNotFound, fault.NotFound.Saying("The sandbox signs in the people it made, and nobody else."))
		return
	}
	token, err := b.opt.SignIn(r.Context(), in.User, in.Device)
	if err != nil {
		refuse(w, http.StatusConflict, fault.From(err))
		return
	}
	answer(w, struct {
		User  string `json:"user"`
		Token string `json:"token"`
	}{in.User, token})
}

// clock moves the domains' clock; by nothing, it tells the time.
func (b *Box) clock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Seconds float64 `json:"advance_s"`
	}
	if !read(w, r, &in) {
		return
	}
	if in.Seconds < 0 || in.Seconds > advanceMost.Seconds() {
		refuse(w, http.StatusBadRequest, fault.BadRequest.At("/advance_s", "is not from 0 to a year"))
		return
	}
	answer(w, struct {
		Now time.Time `json:"now"`
	}{b.opt.Advance(time.Duration(in.Seconds * float64(time.Second))).UTC()})
}

// whatsNew tells what happened since somebody looked, and the time.
func (b *Box) whatsNew(w http.ResponseWriter, r *http.Request) {
	seen, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || seen < 0 {
		refuse(w, http.StatusBadRequest, fault.BadRequest.Saying("after is how much you have seen: 0 or more."))
		return
	}
	items, last := b.since(seen)
	answer(w, struct {
		Now   time.Time `json:"now"`
		Items []Item    `json:"items"`
		Next  int64     `json:"next"`
	}{b.opt.Now().UTC(), items, last})
}

// read reads the body of a request, or refuses it and is false.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMost))
	if err == nil {
		err = json.Unmarshal(raw, into, json.RejectUnknownMembers(true))
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, fault.BadRequest)
	}
	return err == nil
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.MarshalWrite(w, what) // the browser went away
}

func refuse(w http.ResponseWriter, status int, f *fault.Fault) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, struct {
		Status int        `json:"status"`
		Code   fault.Code `json:"code"`
		Detail string     `json:"detail"`
	}{status, f.Code, f.Message})
}
