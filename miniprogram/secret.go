package miniprogram

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	underSecrets = "secret/"
	secretPrefix = "ths_"
)

// A tokenHash is what is kept of secrets, tokens and codes: all of them are 256
// random bits, so that nothing slower is needed.
type tokenHash [sha256.Size]byte

func (h tokenHash) String() string { return base64.RawURLEncoding.EncodeToString(h[:]) }

// storedSecret is a client credential as it is kept.
type storedSecret struct {
	Secret
	Hash string `json:"hash"` // SHA-256, base64url
}

func (s *storedSecret) live(now time.Time) bool { return s.EndsAt.IsZero() || now.Before(s.EndsAt) }

// newSecret makes a client credential, and what is kept of it.
func (s *Service) newSecret() (string, storedSecret) {
	secret := secretPrefix + random256()
	var name [8]byte
	rand.Read(name[:])
	return secret, storedSecret{Secret{ID: "sec-" + hex.EncodeToString(name[:]), CreatedAt: s.now()}, hashed(secret)}
}

// random256 is 256 random bits as 43 characters of base64url.
func random256() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashed(s string) string { return tokenHash(sha256.Sum256([]byte(s))).String() }

// secrets are those of a view, the oldest first.
func secrets(v ledger.View) ([]storedSecret, error) {
	var all []storedSecret
	for _, r := range v.Under(underSecrets) {
		k, err := ledger.Decode[storedSecret](r.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b storedSecret) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, nil
}

// Rotate makes a further secret. Those before it live for SecretOverlap more, and
// tokens go on. NotFound: the app is not the developer's. Conflict: too many live.
func (s *Service) Rotate(ctx context.Context, developer id.User, app string) (Secret, string, error) {
	a, err := s.owns(ctx, developer, app)
	if err != nil {
		return Secret{}, "", err
	}
	secret, row := s.newSecret()
	now := s.now()
	err = s.change(ctx, a.ID, ledger.Want{Prefixes: []string{underSecrets}}, nil, func(_ *record, v ledger.View) ([]ledger.Row, error) {
		if v.Get(underSecrets+row.ID) != nil {
			return nil, nil
		}
		all, err := secrets(v)
		if err != nil {
			return nil, err
		}
		live, pairs := 0, []any{underSecrets + row.ID, row}
		for _, k := range all {
			switch {
			case !k.live(now):
				pairs = append(pairs, underSecrets+k.ID, nil)
				continue
			case k.EndsAt.IsZero():
				k.EndsAt = now.Add(SecretOverlap)
				pairs = append(pairs, underSecrets+k.ID, k)
			}
			live++
		}
		if live >= SecretsMost {
			return nil, errSecrets
		}
		return ledger.Rows(pairs...)
	})
	if err != nil {
		return Secret{}, "", err
	}
	return row.Secret, secret, nil
}

// Secrets are an app's live ones, the oldest first. NotFound.
func (s *Service) Secrets(ctx context.Context, developer id.User, app string) ([]Secret, error) {
	a, err := s.owns(ctx, developer, app)
	if err != nil {
		return nil, err
	}
	v, err := s.store.ReadPart(ctx, appPart(a.ID), ledger.Want{Prefixes: []string{underSecrets}})
	if err != nil {
		return nil, err
	}
	all, err := secrets(v)
	live, now := []Secret{}, s.now()
	for _, k := range all {
		if k.live(now) {
			live = append(live, k.Secret)
		}
	}
	return live, err
}

// DropSecret ends a secret at once, and the tokens that were given for it. NotFound.
func (s *Service) DropSecret(ctx context.Context, developer id.User, app, secret string) error {
	a, err := s.owns(ctx, developer, app)
	if err != nil {
		return err
	}
	key := underSecrets + secret
	v, err := s.store.ReadPart(ctx, appPart(a.ID), ledger.Want{Prefixes: []string{underSecrets}})
	if err != nil {
		return err
	}
	if v.Get(key) == nil {
		return fault.NotFound
	}
	return s.change(ctx, a.ID, ledger.Want{Keys: []string{key}, Prefixes: []string{underTokens}}, nil, func(_ *record, v ledger.View) ([]ledger.Row, error) {
		pairs := []any{key, nil}
		for _, r := range v.Under(underTokens) {
			t, err := ledger.Decode[token](r.Value)
			if err != nil {
				return nil, err
			}
			if t.Secret == secret {
				pairs = append(pairs, r.Key, nil)
			}
		}
		return ledger.Rows(pairs...)
	})
}

// credential finds which live secret of a view a text is; "" for none. It looks at
// all of them, and at one if there are none.
func credential(v ledger.View, text string, now time.Time) (string, error) {
	all, err := secrets(v)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		all = []storedSecret{{Hash: strings.Repeat("-", base64.RawURLEncoding.EncodedLen(sha256.Size))}}
	}
	found, given := "", []byte(hashed(text))
	for _, k := range all {
		if subtle.ConstantTimeCompare([]byte(k.Hash), given) == 1 && k.live(now) {
			found = k.ID
		}
	}
	return found, nil
}
