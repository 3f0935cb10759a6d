package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const secretPrefix = "whsec_"

// secretOverlap is how long an earlier secret signs too after a new one was made.
const secretOverlap = 24 * time.Hour

// storedEndpoint is an endpoint as it is kept.
type storedEndpoint struct {
	Endpoint
	Earlier string    `json:"earlier,omitzero"` // the secret before
	Until   time.Time `json:"until,omitzero"`   // when that stops to sign
}

// secrets are those that sign at a time.
func (e *storedEndpoint) secrets(now time.Time) []string {
	if now.Before(e.Until) {
		return []string{e.Secret, e.Earlier}
	}
	return []string{e.Secret}
}

func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// Put says where an app wants its events, from now on and of what is on its way.
// The secret stays as it was; a first one is made. ErrURL.
func (s *Service) Put(ctx context.Context, a id.App, address string) (Endpoint, error) {
	if !s.callable(address) {
		return Endpoint{}, ErrURL
	}
	secret := newSecret()
	return s.changeEndpoint(ctx, a, func(e *storedEndpoint) {
		e.URL = address
		if e.Secret == "" {
			e.Secret = secret
		}
	})
}

// Renew makes a new secret. The one before signs beside it for a day. The app has
// to have an endpoint; otherwise nothing changes.
func (s *Service) Renew(ctx context.Context, a id.App) (Endpoint, error) {
	secret, now := newSecret(), s.now()
	return s.changeEndpoint(ctx, a, func(e *storedEndpoint) {
		if e.URL != "" && e.Secret != secret {
			e.Earlier, e.Until, e.Secret = e.Secret, now.Add(secretOverlap), secret
		}
	})
}

func (s *Service) changeEndpoint(ctx context.Context, a id.App, change func(*storedEndpoint)) (Endpoint, error) {
	var is storedEndpoint
	err := s.store.ChangePart(ctx, part(a), ledger.Want{Keys: []string{rowEndpoint}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var err error
		is, _, err = ledger.Read[storedEndpoint](v, rowEndpoint)
		if change(&is); err != nil || is.URL == "" {
			return nil, err
		}
		return ledger.Rows(rowEndpoint, is)
	})
	return is.Endpoint, err
}

// Get finds an app's endpoint; ok is false if it has none.
func (s *Service) Get(ctx context.Context, a id.App) (e Endpoint, ok bool, err error) {
	v, err := s.store.ReadPart(ctx, part(a), ledger.Want{Keys: []string{rowEndpoint}})
	if err != nil {
		return Endpoint{}, false, err
	}
	is, ok, err := ledger.Read[storedEndpoint](v, rowEndpoint)
	return is.Endpoint, ok, err
}

// callable tells whether an address may be one that is called, as far as it says
// itself. What a name stands for is looked at when it is called: see guard.go.
func (s *Service) callable(address string) bool {
	if address == "" || len(address) > URLBytes || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == '\\' || !unicode.IsPrint(r) }) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return false
	}
	if p := u.Port(); p != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && s.guard.SafeAddr(ip.Unmap()) == nil
	}
	return s.nameable(strings.ToLower(strings.TrimSuffix(host, ".")))
}

// nameable tells whether a host's name may be one on the public net. Names that are
// local ones by their form are left to whoever allows addresses that are not public.
func (s *Service) nameable(host string) bool {
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.ContainsFunc(l, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	last := labels[len(labels)-1]
	if len(host) > 253 || last[0] >= '0' && last[0] <= '9' { // 127.1, 0x7f.1, 2130706433: addresses in other words
		return false
	}
	local := len(labels) == 1 || last == "localhost" || last == "local" || last == "internal"
	return !local || len(s.opt.Allow) > 0
}
