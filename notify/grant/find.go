package grant

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Found is a grant that an app holds, as it was when it was looked for.
type Found struct {
	Grant  Grant
	Answer *Answer // what was answered to the same request before; nil if it is new

	// The rows that a redemption looks at, beside userKey: of the idempotency key, of
	// the grant where it is until it is over, and of its app.
	key, live, app string

	hash  [32]byte
	named uuid.UUID // the notice of Answer
	want  ledger.Want
	view  ledger.View
}

// keyRow names the row of an idempotency key, which is the app's and may hold anything.
func keyRow(a id.App, key string) string {
	sum := sha256.Sum256([]byte(key))
	return "key/" + string(a) + "/" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Find looks for the grant of a handle, and whether key was used before for the
// same request (which hash is of). ErrInvalid, which takes as long whatever is
// wrong; ErrKeyMismatch: the key was used for something else.
//
// A grant that is over is found: see Live.
func (b *Book) Find(ctx context.Context, a id.App, handle, key string, hash [32]byte) (*Found, error) {
	u, g, ok := b.seal.open(a, handle)
	if !ok {
		u, g = "-", id.Grant(uuid.Nil.String()) // nobody; it is looked up like the others
	}
	f := &Found{key: keyRow(a, key), live: liveKey(a, g), app: appKey(a), hash: hash}
	f.want = ledger.Want{Keys: []string{f.live, f.key, f.app, userKey}}
	var err error
	if f.view, err = b.store.ReadPart(ctx, part(u), f.want); err != nil {
		return nil, fmt.Errorf("find a grant: %w", err)
	}
	left := isGone(f.view) // then there is no grant of theirs, wherever it stands
	if !left {
		ok, err = get(f.view, f.live, &f.Grant)
	}
	if err == nil && (left || !ok) {
		ok, err = b.past(ctx, u, a, g, &f.Grant)
	}
	if err != nil {
		return nil, err
	}
	if !ok || left {
		return nil, ErrInvalid
	}
	var was answered
	switch used, err := get(f.view, f.key, &was); {
	case err != nil:
		return nil, err
	case used && was.Hash != hash:
		return nil, ErrKeyMismatch
	case used:
		answer := b.answer(&f.Grant, was, true)
		f.Answer, f.named = &answer, was.Notice
	}
	return f, nil
}

// past finds a grant that is out of the way.
func (b *Book) past(ctx context.Context, u id.User, a id.App, name id.Grant, g *Grant) (bool, error) {
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: []string{pastKey(a, name)}})
	if err != nil {
		return false, fmt.Errorf("find a grant: %w", err)
	}
	return get(v, pastKey(a, name), g)
}

func (b *Book) answer(g *Grant, was answered, replayed bool) Answer {
	return Answer{
		Notice: b.seal.name(g.App, g.User, was.Notice), Status: was.Status, Alert: was.Alert, Left: was.Left, ExpiresAt: was.Expires, Replayed: replayed,
	}
}

// Live tells whether anything could come of the grant: nil, ErrConsumed,
// ErrClosed, ErrExpired, ErrNotActivated, or of a window ErrWindowClosed or
// ErrWindowSpent.
func (f *Found) Live(now time.Time) error { return f.Grant.usable(now) }

func (g *Grant) usable(now time.Time) error {
	over := !now.Before(g.ExpiresAt)
	switch {
	case g.Scope == Window && (g.End != "" || over):
		return ErrWindowClosed
	case g.Scope == Window && g.Left == 0:
		return ErrWindowSpent
	case g.End == Consumed:
		return ErrConsumed
	case g.End != "":
		return ErrClosed
	case over && g.Scope == Progress && g.First.IsZero():
		return ErrNotActivated
	case over:
		return ErrExpired
	}
	return nil
}
