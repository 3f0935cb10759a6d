package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	secretsPart = ledger.Part("secrets")
	vapidRow    = "push-vapid"
)

// A keyring has the server's key pair for Web Push. It is made once and kept: a
// subscription is bound to it for as long as it lives.
type keyring struct {
	store ledger.Store

	mu    sync.Mutex
	ready *vapid // nil until it was read
}

// vapid is the key pair, and what else follows from it.
type vapid struct {
	private *ecdsa.PrivateKey
	public  string // uncompressed point, base64url, as browsers take it
	tags    []byte // a key
}

func (k *keyring) get(ctx context.Context) (*vapid, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ready != nil {
		return k.ready, nil
	}
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	mine, err := fresh.Bytes()
	if err != nil {
		return nil, err
	}
	var kept []byte
	err = k.store.ChangePart(ctx, secretsPart, ledger.Want{Keys: []string{vapidRow}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if kept = v.Get(vapidRow); kept != nil {
			return nil, nil
		}
		kept = mine
		return []ledger.Row{{Key: vapidRow, Value: mine}}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("the key of Web Push: %w", err)
	}
	k.ready, err = vapidOf(kept)
	return k.ready, err
}

func vapidOf(raw []byte) (*vapid, error) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return nil, errors.New("the stored key of Web Push is damaged")
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	tags := sha256.Sum256(append([]byte("teahouse push tags\x00"), raw...))
	return &vapid{private, base64.RawURLEncoding.EncodeToString(public), tags[:]}, nil
}

// tag is what pushes are collapsed by: of a user's stream, and perhaps a part of
// it. Push services see it and learn nothing from it. 32 characters, of base64url.
func (v *vapid) tag(u id.User, s id.Stream, part string) string {
	h := hmac.New(sha256.New, v.tags)
	fmt.Fprintf(h, "%s\x00%s\x00%s", u, s, part)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:24])
}

// PublicKey is what a browser subscribes with: applicationServerKey, base64url.
func (s *Service) PublicKey(ctx context.Context) (string, error) {
	v, err := s.keys.get(ctx)
	if err != nil {
		return "", err
	}
	return v.public, nil
}
