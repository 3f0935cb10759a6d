package grant

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

const (
	handQueue = "hand"
	// grace is how long those who did something may take to finish it, before a
	// sweep does it for them.
	grace = 2 * time.Second
	// scanMost bounds the handings one call of Handed looks at.
	scanMost = 2000

	kindHanded stream.Kind = "handed"
)

// A handing is a grant whose app's server is to know of it. One without Grant is
// of the window that the user has opened or reset.
type handing struct {
	User     id.User   `json:"user"`
	App      id.App    `json:"app"`
	Grant    id.Grant  `json:"grant,omitempty"`
	At       time.Time `json:"at"`
	Declined bool      `json:"declined,omitzero"` // nothing was minted, and nothing is to be done
}

func handDue(h handing, name string, now time.Time) ledger.Due {
	body, err := encode(h)
	if err != nil {
		panic(err) // names and times
	}
	at := h.At
	if !at.After(now) {
		at = now.Add(grace)
	}
	return ledger.Due{Queue: handQueue, At: at, ID: name, Body: body}
}

// hurry has Run do something that may be done by now, if it is there. It never blocks.
func (b *Book) hurry(due ledger.Due) {
	select {
	case b.soon <- due:
	default: // the sweep comes to it
	}
}

// hand lets an app's server know of a grant, unless it is over.
func (b *Book) hand(ctx context.Context, due ledger.Due) (settled bool, err error) {
	var h handing
	if err := decode(due.ID, due.Body, &h); err != nil {
		return false, err
	}
	now := b.now()
	switch {
	case h.Declined:
		return true, nil
	case now.Before(h.At):
		return false, nil
	}
	g, err := b.toHand(ctx, h)
	if err != nil {
		return false, err
	}
	if g == nil {
		return b.stale(due), nil
	}
	if !g.live(now) {
		return true, nil
	}
	told := b.told(g, now)
	body, err := encode(handedBody{Grant: told.Handle, Turn: g.Turn})
	if err != nil {
		return false, err
	}
	// An app that is told of a grant asks for it: so it has to be in the list first.
	draft := stream.Draft{ID: g.event(), Kind: kindHanded, From: id.Principal(g.App), Body: body}
	if _, err := b.seq.Append(ctx, id.HandedStream(g.App), draft); err != nil {
		return false, fmt.Errorf("hand over a grant: %w", err)
	}
	if err := b.opt.Handed(ctx, told, g.App, g.Turn <= 1); err != nil {
		return false, fmt.Errorf("tell of a grant: %w", err)
	}
	return true, nil
}

func (b *Book) toHand(ctx context.Context, h handing) (*Grant, error) {
	var w ledger.Want
	if h.Grant == "" {
		w.Prefixes = []string{liveOf(h.App)}
	} else {
		w.Keys = grantKeys(h.App, h.Grant)
	}
	w.Keys = append(w.Keys, userKey)
	v, err := b.store.ReadPart(ctx, part(h.User), w)
	if err != nil {
		return nil, fmt.Errorf("read a grant to hand over: %w", err)
	}
	if isGone(v) {
		return nil, nil
	}
	if h.Grant == "" {
		grants, err := grantsUnder(v, liveOf(h.App))
		return windowIn(grants), err
	}
	g, found, err := grantIn(v, h.App, h.Grant)
	if err != nil || !found {
		return nil, err
	}
	return &g, nil
}

// stale tells whether what is owed for a change can be forgotten: the change is
// not there and, after so long, will not come.
func (b *Book) stale(due ledger.Due) bool { return b.now().After(due.At.Add(time.Minute)) }

// handedBody is what stands in an app's list. The rest is asked of the grant.
type handedBody struct {
	Grant string `json:"grant"`
	Turn  int    `json:"turn,omitzero"`
}

// event is the name of handing a grant over, in this turn if it is a window.
func (g *Grant) event() uuid.UUID {
	var at uuid.UUID // stores look for ids where their times point
	binary.BigEndian.PutUint64(at[:8], uint64(g.HandedAt.UnixMilli())<<16)
	return id.Derive(at, "handed", string(g.ID), strconv.Itoa(g.Turn))
}

func (b *Book) told(g *Grant, now time.Time) Handed {
	return Handed{
		Event: id.Delivery("msg_" + g.event().String()), Handle: b.seal.handle(g.App, g.User, g.ID), Template: g.Template, Version: g.Version,
		Subject: g.Subject, Scope: g.Scope, Left: g.Remaining(now), ExpiresAt: g.ExpiresAt, MintedAt: g.MintedAt, User: g.User,
	}
}

// Handed lists what an app's server may know of, in the order in which it may,
// behind after ("" is the beginning). What is over is left out. The string goes
// on from there, also where nothing was new.
func (b *Book) Handed(ctx context.Context, a id.App, after string, limit int) ([]Handed, string, error) {
	at := id.Seq(0)
	if after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || n < 0 || n > int64(id.MaxSeq) || strconv.FormatInt(n, 10) != after {
			return nil, "", fault.BadRequest.At("after", "is none of this list's")
		}
		at = id.Seq(n)
	}
	var items []Handed
	for scanned := 0; len(items) < limit && scanned < scanMost; {
		n := id.Seq(max(limit, readers))
		entries, err := b.log.Range(ctx, id.HandedStream(a), at+1, at+n)
		if err != nil {
			return nil, "", fmt.Errorf("list grants: %w", err)
		}
		if len(entries) == 0 {
			break
		}
		found, err := b.stillHeld(ctx, a, entries)
		if err != nil {
			return nil, "", err
		}
		for i, h := range found {
			if len(items) == limit {
				break
			}
			if h != nil {
				items = append(items, *h)
			}
			at = entries[i].Seq
		}
		scanned += len(entries)
	}
	if at == 0 {
		return items, after, nil
	}
	return items, strconv.FormatInt(int64(at), 10), nil
}

// readers is how many grants are looked up at a time.
const readers = 16

// stillHeld looks up the grants of entries, in their order; nil for what is over.
func (b *Book) stillHeld(ctx context.Context, a id.App, entries []stream.Entry) ([]*Handed, error) {
	found, errs := make([]*Handed, len(entries)), make([]error, min(readers, len(entries)))
	var wait sync.WaitGroup
	for r := range errs {
		wait.Go(func() {
			for i := r; i < len(entries) && errs[r] == nil; i += readers {
				found[i], errs[r] = b.heldNow(ctx, a, entries[i])
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (b *Book) heldNow(ctx context.Context, a id.App, e stream.Entry) (*Handed, error) {
	var body handedBody
	if err := decode("handed", e.Body, &body); err != nil {
		return nil, err
	}
	u, name, ok := b.seal.open(a, body.Grant)
	if !ok {
		return nil, nil // of another key
	}
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: []string{liveKey(a, name), userKey}})
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	if isGone(v) {
		return nil, nil
	}
	var g Grant
	now := b.now()
	found, err := get(v, liveKey(a, name), &g)
	if err != nil || !found || !g.live(now) || g.Turn != body.Turn || g.Scope == Window && g.Left == 0 {
		return nil, err
	}
	h := b.told(&g, now)
	return &h, nil
}
