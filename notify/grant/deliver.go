package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

const deliverQueue = "deliver"

// KindNotice is an entry of @notices.
const KindNotice stream.Kind = "notice"

// Shown is the body of an entry of @notices. Its words are not in the ledger: they
// are put to it when it is delivered.
type Shown struct {
	Notice     string      `json:"notice"`
	App        id.App      `json:"app"`
	AppName    string      `json:"app_name"`
	Template   id.Template `json:"template"`
	Title      string      `json:"title"`
	Data       Values      `json:"data"`
	Params     []Param     `json:"params"` // Data in the order of the template
	Page       string      `json:"page"`
	State      string      `json:"state,omitempty"`
	StateLabel string      `json:"state_label,omitempty"`
	Alert      bool        `json:"alert"`
}

func noticeKey(n uuid.UUID) string { return noteKeys + n.String() }

// owing is a notice that is to be delivered.
type owing struct {
	User   id.User   `json:"user"`
	Notice uuid.UUID `json:"notice"`
}

// deliverDue is the delivery that is owed since a notice was accepted.
func deliverDue(n *Notice) ledger.Due {
	body, err := encode(&owing{n.User, n.ID})
	if err != nil {
		panic(err) // names
	}
	at := n.At
	if !n.Released.IsZero() {
		at = n.Released
	}
	return ledger.Due{Queue: deliverQueue, At: at.Add(grace), ID: n.ID.String(), Body: body}
}

// Deliver puts what a redemption was spent on before the user: a notice into
// @notices, an answer into the service conversation. Doing it again changes
// nothing. If it fails it is still owed, and somebody's Run does it.
func (b *Book) Deliver(ctx context.Context, r Redemption) error {
	if r.n.ID == uuid.Nil {
		return nil
	}
	if err := b.deliver(ctx, &r); err != nil {
		return fmt.Errorf("deliver a notice: %w", err)
	}
	b.settle(ctx, r.due)
	return nil
}

func (b *Book) deliver(ctx context.Context, r *Redemption) error {
	n := &r.n
	s, draft, err := b.entry(ctx, r)
	if err != nil {
		return err
	}
	if n.Kind != "" {
		_, err := b.seq.Append(ctx, s, draft)
		return err
	}
	receipt, err := b.door.Append(ctx, s, draft)
	if err != nil && !errors.Is(err, stream.ErrReused) { // it is there, from a release that had other words for it
		return err
	}
	return b.place(ctx, n, receipt.Seq)
}

// entry is the one entry a notice becomes.
func (b *Book) entry(ctx context.Context, r *Redemption) (id.Stream, stream.Draft, error) {
	n := &r.n
	draft := stream.Draft{ID: entryID(n.ID), From: id.Principal(n.App), Countable: true}
	if n.Kind != "" {
		draft.Kind, draft.Body = n.Kind, json.RawMessage(n.Body)
		return id.ServiceStream(n.User, n.App), draft, nil
	}
	words, err := b.opt.Wording(ctx, n.Template, n.Version, n.Data, n.State)
	if err != nil {
		return "", stream.Draft{}, fmt.Errorf("find the words: %w", err)
	}
	shown := Shown{
		Notice: r.name, App: n.App, AppName: n.AppName, Template: n.Template, Title: n.Title, Data: n.Data, Params: words.Params, Page: n.Page,
		State: n.State, StateLabel: words.State, Alert: n.Alert,
	}
	body, err := shown.body()
	draft.Kind, draft.Body = KindNotice, body
	return id.PersonalStream(id.Notices, n.User), draft, err
}

func entryID(n uuid.UUID) uuid.UUID { return id.Derive(n, "notice") }

// place notes where a notice of a standing grant stands, which tells later whether
// it was read. It costs a change, so others are not noted.
func (b *Book) place(ctx context.Context, n *Notice, seq id.Seq) error {
	if !n.Standing {
		return nil
	}
	key := liveKey(n.App, n.Grant)
	return b.change(ctx, n.User, ledger.Want{Keys: []string{key}}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var g Grant
		if found, err := get(v, key, &g); err != nil || !found {
			return nil, err
		}
		i := slices.IndexFunc(g.Unread, func(p Place) bool { return p.Notice == n.ID })
		if i < 0 || g.Unread[i].Seq == seq {
			return nil, nil
		}
		g.Unread[i].Seq = seq
		var p pending
		p.put(key, &g)
		return p.done()
	})
}

// late is Deliver for what somebody else has left undone.
func (b *Book) late(ctx context.Context, due ledger.Due) (settled bool, err error) {
	var o owing
	if err := decode(due.ID, due.Body, &o); err != nil {
		return false, err
	}
	n, found, err := b.notice(ctx, o.User, o.Notice)
	switch {
	case err != nil:
		return false, err
	case !found:
		return b.stale(due), nil
	case n.Status != Accepted:
		return b.stale(due), nil // a release that may still come to be
	}
	r := b.redemption(n)
	return true, b.deliver(ctx, &r)
}

// notice reads one of u's.
func (b *Book) notice(ctx context.Context, u id.User, n uuid.UUID) (Notice, bool, error) {
	key := noticeKey(n)
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: []string{key}})
	if err != nil {
		return Notice{}, false, fmt.Errorf("read a notice: %w", err)
	}
	var notice Notice
	found, err := get(v, key, &notice)
	return notice, found, err
}
