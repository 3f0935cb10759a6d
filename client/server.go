package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Server says where a server is and how to reach it.
type Server struct {
	URL  string      // http:// or https://
	Addr string      // host:port to connect to instead of the URL's; the URL still names the host
	TLS  *tls.Config // for https; default: the system's trust

	// DialContext opens connections; default: a net.Dialer. Tests put bad networks here.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// open checks the address and makes an HTTP client that connects as told. It
// speaks HTTP/1.1, which the WebSocket needs.
func (s Server) open() (base string, hc *http.Client, err error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", nil, fmt.Errorf("client: %q is no http or https URL", s.URL)
	}
	dial := s.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: s.TLS.Clone(),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if s.Addr != "" {
				addr = s.Addr
			}
			return dial(ctx, network, addr)
		},
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     60 * time.Second,
		Protocols:           new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(true)
	if s.Addr != "" || s.DialContext != nil {
		transport.Proxy = nil
	}
	return strings.TrimSuffix(s.URL, "/"), &http.Client{Transport: transport}, nil
}
