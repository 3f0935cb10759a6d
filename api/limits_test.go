package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teahouse-im/teahouse/fault"
)

func TestABucketRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuckets(Rate{PerSecond: 2, Burst: 3})
		for i := range 3 {
			if err := b.take("ann"); err != nil {
				t.Fatalf("the %d. of a burst of 3: %v", i+1, err)
			}
		}
		f := fault.From(b.take("ann"))
		if f.Code != "rate_limited" || f.Retry != 500*time.Millisecond {
			t.Fatalf("the 4th: %v after %v", f, f.Retry)
		}
		if err := b.take("bob"); err != nil {
			t.Fatalf("one user's requests are counted against another's: %v", err)
		}
		time.Sleep(499 * time.Millisecond) // of a clock that stands still while anything can run
		if b.take("ann") == nil {
			t.Fatal("a token came early")
		}
		time.Sleep(time.Millisecond)
		if err := b.take("ann"); err != nil {
			t.Fatalf("after half a second: %v", err)
		}
		time.Sleep(time.Hour)
		for range 3 {
			if err := b.take("ann"); err != nil {
				t.Fatal(err)
			}
		}
		if b.check("ann") == nil || b.take("ann") == nil {
			t.Fatal("an hour made more than a burst")
		}
	})
}

func TestBucketsAreBounded(t *testing.T) {
	b := newBuckets(Rate{PerSecond: 0, Burst: 1})
	for i := range 5 * bucketsMost {
		if err := b.take(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.young) + len(b.old); n > 2*bucketsMost {
		t.Fatalf("%d buckets are kept", n)
	}
	if b.take(fmt.Sprint(5*bucketsMost-1)) == nil {
		t.Fatal("a bucket was forgotten at once")
	}
}

func TestLimits(t *testing.T) {
	h := open(t, func(_ *Parts, o *Options) {
		o.Limits = Limits{Register: Rate{Burst: 2}, SignIn: Rate{Burst: 4}, Guess: Rate{Burst: 2}, Request: Rate{Burst: 5}}
	})
	ann, bob := h.user("ann"), h.user("bob")
	a := h.post("/v1/accounts", "", `{"user":"cleo","password":"correct horse battery"}`)
	a.refused("rate_limited")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After: %v", a.header)
	}
	h.post("/v1/sessions", "", `{}`).refused("bad_request") // counts, too
	h.post("/v1/sessions", "", `{}`).refused("bad_request")
	h.post("/v1/sessions", "", `{}`).refused("rate_limited")
	for range 5 {
		h.get("/v1/me", ann).want(200)
	}
	h.get("/v1/me", ann).refused("rate_limited")
	h.get("/v1/me", bob).want(200)
	h.get("/v1/me", "none").refused("unauthenticated")
	h.get("/v1/me", "none").refused("unauthenticated")
	h.get("/v1/me", "none").refused("rate_limited")
	h.get("/v1/me", "").refused("unauthenticated")
	h.get("/docs", "").want(200)
}

func TestAddresses(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:5", nil, "192.0.2.1"},
		{"192.0.2.1:5", []string{"198.51.100.7"}, "192.0.2.1"}, // whoever that is may write anything
		{"10.0.0.1:5", nil, "10.0.0.1"},
		{"10.0.0.1:5", []string{"198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:5", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"}, // the first was written by the client
		{"10.0.0.1:5", []string{"203.0.113.9", "198.51.100.7, 10.2.2.2"}, "198.51.100.7"},
		{"10.0.0.1:5", []string{"10.9.9.9, 10.2.2.2"}, "10.9.9.9"},
		{"10.0.0.1:5", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:5", []string{""}, "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"[fd00::1]:5", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2:3:4:5:6"},
		{"[fe80::1%eth0]:5", nil, "fe80::1"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := Address(r, trusted).String(); got != c.want {
			t.Errorf("%s forwarding %q is %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
	if a := Address(&http.Request{RemoteAddr: "@"}, trusted); a.IsValid() {
		t.Errorf("a socket without address is %v", a)
	}
	a, b := netip.MustParseAddr("2001:db8:1:2::1"), netip.MustParseAddr("2001:db8:1:2:ffff::9")
	if neighbourhood(a) != neighbourhood(b) || neighbourhood(a) == neighbourhood(netip.MustParseAddr("2001:db8:1:3::1")) {
		t.Error("an IPv6 client is counted by more or less than its /64")
	}
}
