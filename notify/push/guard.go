package push

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// A guard decides which addresses endpoints may lead to: public ones, over https;
// and those that are allowed by hand, over http too. It looks at the address that
// is dialled, so that no name can lead it astray.
type guard struct {
	public *ssrf.Guardian
	allow  []netip.Prefix
}

func newGuard(allow []netip.Prefix) *guard {
	return &guard{ssrf.New(ssrf.WithPorts(443)), allow}
}

func (g *guard) allowed(ip netip.Addr) bool {
	for _, p := range g.allow {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// mayCall tells why an address may not be called; nil if it may.
func (g *guard) mayCall(ip netip.Addr, secure bool) error {
	switch {
	case g.allowed(ip):
		return nil
	case !secure:
		return fmt.Errorf("%w: not over http", ssrf.ErrProhibitedIP)
	}
	return g.public.SafeAddr(ip)
}

// control is for a net.Dialer.
func (g *guard) control(secure bool) func(network, address string, c syscall.RawConn) error {
	return func(network, address string, c syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if g.allowed(to.Addr()) {
			return nil
		}
		if err := g.mayCall(to.Addr(), secure); err != nil {
			return err
		}
		return g.public.Safe(network, address, c)
	}
}

// guarded is a transport for endpoints that users name. No proxy: it would be
// asked to call what this server must not.
type guarded struct{ https, http *http.Transport }

func newGuarded(allow []netip.Prefix) *guarded {
	g := newGuard(allow)
	with := func(secure bool) *http.Transport {
		d := &net.Dialer{Timeout: 5 * time.Second, Control: g.control(secure)}
		return &http.Transport{
			DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 5 * time.Second, MaxIdleConns: 64, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
		}
	}
	return &guarded{https: with(true), http: with(false)}
}

// RoundTrip implements http.RoundTripper.
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return g.https.RoundTrip(r)
	}
	return g.http.RoundTrip(r)
}

// CloseIdleConnections lets go of what is open and not used.
func (g *guarded) CloseIdleConnections() {
	g.https.CloseIdleConnections()
	g.http.CloseIdleConnections()
}

// prohibited tells whether a guard is behind an error: it will not think otherwise.
func prohibited(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort)
}
