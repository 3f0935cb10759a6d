package miniprogram_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// connecting is a package whose pages want to call origins.
func connecting(t *testing.T, manifest string) []byte {
	return zipped(t, "index.html", "<h1>Hello</h1>", "teahouse.json", manifest)
}

func (h *house) connects(a miniprogram.App) []string {
	h.t.Helper()
	got, err := h.App(h.t.Context(), string(a.ID))
	good(h.t, err)
	p, err := h.Page(h.t.Context(), string(a.ID), "/")
	good(h.t, err)
	if !slices.Equal(p.Connects, got.Connects) {
		h.t.Errorf("the app calls %q, its page %q", got.Connects, p.Connects)
	}
	return got.Connects
}

// The origins are those of the package that is served: a package that is refused
// changes nothing, and one without a manifest has none.
func TestConnects(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	put := func(manifest string) error {
		return h.PutPackage(t.Context(), "dana", string(a.ID), connecting(t, manifest))
	}
	good(t, put(`{"connect": ["https://api.example.com", "http://127.0.0.1:4101"]}`))
	want := []string{"https://api.example.com", "http://127.0.0.1:4101"}
	if got := h.connects(a); !slices.Equal(got, want) {
		t.Errorf("it calls %q", got)
	}
	many := make([]string, miniprogram.ConnectsMost+1)
	for i := range many {
		many[i] = fmt.Sprintf("%q", fmt.Sprintf("https://a%d.example", i))
	}
	for _, manifest := range []string{
		"", "null and void", "[]", `{"connect": "https://api.example.com"}`, `{"connect": [1]}`, `{"connects": []}`, `{"connect": [], "connect": []}`,
		`{"connect": ["https://b.example", "https://b.example"]}`, `{"connect": [` + strings.Join(many, ",") + `]}`, `{"connect": []` + strings.Repeat(" ", 5000) + `}`,
	} {
		refused(t, put(manifest), fault.BadRequest)
	}
	if got := h.connects(a); !slices.Equal(got, want) {
		t.Errorf("after packages that were refused it calls %q", got)
	}
	good(t, put(`{"connect": [`+strings.Join(many[1:], ",")+`]}`))
	good(t, h.PutPackage(t.Context(), "dana", string(a.ID), bundle(t)))
	if got := h.connects(a); len(got) != 0 {
		t.Errorf("without a manifest it calls %q", got)
	}
}

// What comes to stand in a policy is an origin and nothing beside it, and not one
// of the user's own network.
func TestOrigins(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	put := func(origin string) error {
		return h.PutPackage(t.Context(), "dana", string(a.ID), connecting(t, fmt.Sprintf(`{"connect": [%q]}`, origin)))
	}
	for _, origin := range []string{
		"https://api.example.com", "https://example.com:8443", "https://xn--bcher-kva.example", "http://127.0.0.1:4101", "https://127.9.9.9", "http://localhost:1", "https://a-b.c1.museum",
	} {
		if err := put(origin); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
	for _, origin := range []string{
		"", "*", "https:", "https://", "https://*", "https://*.example.com", "'self'", "'unsafe-inline'", "data:", "blob:", "https://api.example.com/", "https://api.example.com/x", "https://u@example.com", "https://a.example;script-src *",
		"https://a.example script-src", "https://a.example,https://b.example", "https://a.example\n", "https://A.example", "https://bücher.example", "https://a..example", "https://.example", "https://a.example.", "https://-a.example",
		"https://a.example:", "https://a.example:0", "https://a.example:080", "https://a.example:65536", "https://a.example:*", "http://api.example.com", "ws://api.example.com", "wss://api.example.com", "ftp://api.example.com",
		"http://10.0.0.1", "https://10.0.0.1", "https://192.168.0.1", "https://8.8.8.8", "https://169.254.169.254", "https://[::1]", "https://127.1", "https://2130706433", "https://0x7f.0.0.1", "https://example.1",
		"https://router", "https://x.localhost", "https://nas.local", "https://db.internal", "https://" + strings.Repeat("a.", 80) + "example", "https://" + strings.Repeat("a", 64) + ".example",
	} {
		refused(t, put(origin), fault.BadRequest)
	}
}
