package push

import (
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/teahouse-im/teahouse/fault"
)

const (
	endpointMost = 2048 // bytes
	tokenMost    = 4096
	authBytes    = 16
)

// ErrSubject is a subject that no push service takes.
var ErrSubject = errors.New("the subject of pushes is neither a mailto: nor an https: address")

var (
	errShow     = fault.BadRequest.At("/show", `is neither "all", "sender" nor "nothing"`)
	errEndpoint = fault.BadRequest.At("/endpoint", "is no public https address")
)

// check refuses a subscription that could never wake anything.
func (s *Service) check(sub *Subscription) error {
	if s.senders[sub.Kind] == nil {
		return errKind
	}
	if sub.Kind != Web {
		if sub.Endpoint != "" || sub.Keys != (Keys{}) {
			return fault.BadRequest.At("/endpoint", "is only of kind web")
		}
		if !goodToken(sub.Kind, sub.Token) {
			return fault.BadRequest.At("/token", "is no token of a device")
		}
		return nil
	}
	if sub.Token != "" {
		return fault.BadRequest.At("/token", "is not of kind web")
	}
	if !s.goodEndpoint(sub.Endpoint) {
		return errEndpoint
	}
	if _, err := sub.Keys.point(); err != nil {
		return fault.BadRequest.At("/keys/p256dh", "is no public key on P-256, in base64url")
	}
	if _, err := sub.Keys.secret(); err != nil {
		return fault.BadRequest.At("/keys/auth", "is not 16 bytes in base64url")
	}
	return nil
}

// goodToken tells whether it may be a device's: of APNs hexadecimal, of FCM in its alphabet.
func goodToken(kind, token string) bool {
	alphabet := "0123456789abcdefABCDEF"
	if kind == FCM {
		alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:."
	}
	return token != "" && len(token) <= tokenMost && strings.Trim(token, alphabet) == "" && (kind == FCM || len(token) <= 200)
}

// goodEndpoint tells whether an address may be called. Where its name leads is
// looked at again with every call; see the guard.
func (s *Service) goodEndpoint(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || len(endpoint) > endpointMost || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	inside := len(s.opt.Allow) > 0
	if u.Scheme != "https" && (u.Scheme != "http" || !inside) || u.Port() != "" && u.Port() != "443" && !inside {
		return false
	}
	if strings.IndexFunc(endpoint, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		return inside || strings.Contains(name, ".") && !strings.HasSuffix(name, ".localhost")
	}
	return newGuard(s.opt.Allow).mayCall(ip, u.Scheme == "https") == nil
}

// point is a browser's public key.
func (k Keys) point() (*ecdh.PublicKey, error) {
	raw, err := base64url(k.P256dh)
	if err != nil {
		return nil, err
	}
	return ecdh.P256().NewPublicKey(raw)
}

// secret is what a browser shares with whom it gave its subscription.
func (k Keys) secret() ([]byte, error) {
	raw, err := base64url(k.Auth)
	if err == nil && len(raw) != authBytes {
		err = errors.New("wrong length")
	}
	return raw, err
}

// base64url reads it with or without padding.
func base64url(s string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(s, "="))
}

func goodSubject(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "mailto" && strings.Contains(u.Opaque, "@") || u.Scheme == "https" && u.Host != "")
}
