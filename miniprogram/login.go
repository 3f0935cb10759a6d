package miniprogram

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const rowCode = "code"

// loginCode is what a code stands for. It has a part of its own, so that people
// who come to an app at once do not wait for each other, and goes when it ends.
type loginCode struct {
	User   id.User   `json:"user"`
	App    id.App    `json:"app"`
	EndsAt time.Time `json:"ends_at"`
	Used   uuid.UUID `json:"used,omitzero"` // the attempt that swapped it
}

func codePart(hash string) ledger.Part { return ledger.Part("login/" + hash) }

// LoginCode gives the user's client a code for the page of an app, whose server
// swaps it for the openid: once, until the time that is told. NotFound, ErrSuspended.
func (s *Service) LoginCode(ctx context.Context, u id.User, app string) (string, time.Time, error) {
	a, err := s.App(ctx, app)
	if err != nil {
		return "", time.Time{}, err
	}
	now := s.now()
	if a.Suspension.Holds(now) {
		return "", time.Time{}, ErrSuspended
	}
	code := random256()
	c := loginCode{User: u, App: a.ID, EndsAt: now.Add(CodeLives)}
	hash := hashed(code)
	due := ledger.Due{Queue: queueCodes, At: c.EndsAt, ID: hash}
	err = s.store.ChangePart(ctx, codePart(hash), ledger.Want{}, ledger.View{}, []ledger.Due{due}, func(ledger.View) ([]ledger.Row, error) {
		return ledger.Rows(rowCode, c)
	})
	return code, c.EndsAt, err
}

// Login swaps a code for the user's openid, which is the same each time until the
// user resets it. ErrCode, whatever is wrong with the code.
func (s *Service) Login(ctx context.Context, a id.App, code string) (string, error) {
	var u id.User
	attempt, now := uuid.New(), s.now()
	sum := tokenHash(sha256.Sum256([]byte(code)))
	err := s.store.ChangePart(ctx, codePart(sum.String()), ledger.Want{Keys: []string{rowCode}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		c, ok, err := ledger.Read[loginCode](v, rowCode)
		switch {
		case err != nil:
			return nil, err
		case ok && c.Used == attempt:
			u = c.User
			return nil, nil
		case !ok || c.App != a || c.Used != uuid.Nil || !now.Before(c.EndsAt):
			return nil, ErrCode
		}
		u, c.Used = c.User, attempt
		return ledger.Rows(rowCode, c)
	})
	if err != nil {
		return "", err
	}
	return s.openid(ctx, u, a, false)
}

// openid is by which an app knows a user.
type openid struct {
	OpenID string    `json:"openid"`
	Since  time.Time `json:"since"`
}

// openid finds a user's, or makes it if there is none or another is wanted.
func (s *Service) openid(ctx context.Context, u id.User, a id.App, another bool) (string, error) {
	var b [16]byte
	rand.Read(b[:])
	fresh := openid{hex.EncodeToString(b[:]), s.now()}
	var got string
	key := string(a)
	err := s.store.ChangePart(ctx, openidPart(u), ledger.Want{Keys: []string{key, rowGone}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if v.Get(rowGone) != nil {
			return nil, ErrCode
		}
		is, ok, err := ledger.Read[openid](v, key)
		if err != nil {
			return nil, err
		}
		if ok && (!another || is.OpenID == fresh.OpenID) {
			got = is.OpenID
			return nil, nil
		}
		got = fresh.OpenID
		return ledger.Rows(key, fresh)
	})
	return got, err
}

// ResetOpenID makes the user a stranger to an app: what was granted is closed
// first, and the openid it knew never comes back. NotFound. If it fails, the app
// may know the user still, with nothing granted.
func (s *Service) ResetOpenID(ctx context.Context, u id.User, app string) error {
	a, err := s.App(ctx, app)
	if err != nil {
		return err
	}
	if err := s.grants.CloseAll(ctx, u, a.ID); err != nil {
		return err
	}
	_, err = s.openid(ctx, u, a.ID, true)
	return err
}
