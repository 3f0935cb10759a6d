package miniprogram

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// A token is "tha_", the random part of its app's id, "_" and 256 random bits. The
// app says in which part to look.
const (
	tokenPrefix = "tha_"
	appPrefix   = "app-"
	appChars    = 26
	randomChars = 43
	underTokens = "token/"

	// endedMost bounds how many tokens that have ended are remembered of an app.
	endedMost = 200
)

// nobody is the id of no app. What is asked about an id that cannot be is asked
// about this one, at the same cost.
var nobody = id.App(appPrefix + strings.Repeat("a", appChars))

// token is what is kept of a bearer token, under its hash.
type token struct {
	At     time.Time `json:"at"`
	EndsAt time.Time `json:"ends_at"`
	Secret string    `json:"secret"` // for which it was given
}

// IsToken tells whether a bearer token is an app's, by its form; whether it is a
// good one tells Authenticate.
func (s *Service) IsToken(token string) bool { return strings.HasPrefix(token, tokenPrefix) }

// parseToken tells whose a token would be and what to look it up by. The whole
// text is hashed, so only the very same text is the token.
func parseToken(text string) (id.App, tokenHash, bool) {
	if len(text) != len(tokenPrefix)+appChars+1+randomChars || !strings.HasPrefix(text, tokenPrefix) {
		return "", tokenHash{}, false
	}
	a, ok := id.ParseApp(appPrefix + text[len(tokenPrefix):][:appChars])
	return a, sha256.Sum256([]byte(text)), ok
}

// Token gives an app's server a bearer token for its credentials, and tells how
// long it lives. Earlier ones live on, up to TokensMost. An app that is suspended
// gets one too: what it may do says each route. ErrCredentials, whatever is wrong
// with them, at the same cost.
func (s *Service) Token(ctx context.Context, app, secret string) (string, time.Duration, error) {
	a, ok := id.ParseApp(app)
	if !ok {
		a = nobody
	}
	v, err := s.store.ReadPart(ctx, appPart(a), ledger.Want{Prefixes: []string{underSecrets}})
	if err != nil {
		return "", 0, err
	}
	now := s.now()
	by, err := credential(v, secret, now)
	if err != nil {
		return "", 0, err
	}
	if by == "" || !ok {
		return "", 0, ErrCredentials
	}
	text := tokenPrefix + string(a[len(appPrefix):]) + "_" + random256()
	if err := s.issue(ctx, a, text, token{now, now.Add(TokenLives), by}); err != nil {
		return "", 0, err
	}
	return text, TokenLives, nil
}

// issue stores a token, if its secret is still there.
func (s *Service) issue(ctx context.Context, a id.App, text string, t token) error {
	key, secret := underTokens+hashed(text), underSecrets+t.Secret
	want := ledger.Want{Keys: []string{secret}, Prefixes: []string{underTokens}}
	return s.store.ChangePart(ctx, appPart(a), want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		switch {
		case v.Get(key) != nil:
			return nil, nil
		case v.Get(secret) == nil:
			return nil, ErrCredentials
		}
		old, err := superfluous(v, t.At)
		if err != nil {
			return nil, err
		}
		pairs := []any{key, t}
		for _, k := range old {
			pairs = append(pairs, k, nil)
		}
		return ledger.Rows(pairs...)
	})
}

// superfluous are the keys of tokens that go when a further one comes.
func superfluous(v ledger.View, now time.Time) ([]string, error) {
	type line struct {
		token
		key string
	}
	var live, ended []line
	var keys []string
	for _, r := range v.Under(underTokens) {
		t, err := ledger.Decode[token](r.Value)
		switch {
		case err != nil:
			return nil, err
		case now.Before(t.EndsAt):
			live = append(live, line{t, r.Key})
		case now.Before(t.EndsAt.Add(TokenRemains)):
			ended = append(ended, line{t, r.Key})
		default:
			keys = append(keys, r.Key)
		}
	}
	trim := func(lines []line, most int) {
		slices.SortFunc(lines, func(a, b line) int { return a.At.Compare(b.At) })
		for len(lines) > most {
			keys = append(keys, lines[0].key)
			lines = lines[1:]
		}
	}
	trim(live, TokensMost-1)
	trim(ended, endedMost)
	return keys, nil
}

// Authenticate tells which app a token is of. It finds suspended apps too.
// Unauthenticated; TokenExpired: it has ended, less than a day or so ago.
func (s *Service) Authenticate(ctx context.Context, text string) (App, error) {
	a, h, ok := parseToken(text)
	if !ok {
		return App{}, fault.Unauthenticated
	}
	r, t, err := s.bearer(ctx, a, h)
	if err != nil {
		return App{}, err
	}
	switch now := s.now(); {
	case now.Before(t.EndsAt):
		return r.App, nil
	case now.Before(t.EndsAt.Add(TokenRemains)):
		return App{}, fault.TokenExpired
	}
	return App{}, fault.Unauthenticated
}

// bearer finds a token with its app, in one look if nothing is remembered.
// Unauthenticated: there is no such token.
func (s *Service) bearer(ctx context.Context, a id.App, h tokenHash) (record, token, error) {
	s.mu.Lock()
	k, changes := s.known[a], s.changes
	fresh := k != nil && time.Since(k.since) < knownFresh
	if fresh {
		if t, ok := k.tokens[h]; ok {
			s.mu.Unlock()
			return k.record, t, nil
		}
	}
	s.mu.Unlock()

	since := time.Now()
	key := underTokens + h.String()
	v, err := s.store.ReadPart(ctx, appPart(a), ledger.Want{Keys: []string{rowApp, key}})
	if err != nil {
		return record{}, token{}, err
	}
	t, ok, err := ledger.Read[token](v, key)
	if err != nil {
		return record{}, token{}, err
	}
	if !ok {
		return record{}, token{}, fault.Unauthenticated
	}
	if !fresh {
		r, err := s.complete(ctx, v)
		if err != nil {
			return record{}, token{}, err
		}
		k = &known{record: r, since: since, tokens: map[tokenHash]token{}}
		s.remember(a, changes, k)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == changes {
		k.tokens[h] = t
	}
	return k.record, t, nil
}
