package webhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// newGuard knows which addresses are called: public ones, and those that are allowed.
func newGuard(allow []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
}

// newClient calls guarded addresses. The guard is asked about each address right
// before it is connected to, so it does not matter what a name stood for earlier.
// Proxies are not used, for they would be called instead of it.
func newClient(guard *ssrf.Guardian) *http.Client {
	dialer := &net.Dialer{
		Timeout: callMost / 2, KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, network, address string, c syscall.RawConn) error {
			return guard.Safe(network, address, c)
		},
	}
	return &http.Client{
		Timeout: callMost,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConns: 256, MaxIdleConnsPerHost: callsEach, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: callMost / 2, ExpectContinueTimeout: time.Second, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
