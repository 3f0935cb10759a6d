package grant

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

// Sweep does all that is due now, once.
func (b *Book) Sweep(ctx context.Context) error {
	for len(b.soon) > 0 {
		b.work(ctx, <-b.soon)
	}
	return errors.Join(b.sweep(ctx, deliverQueue), b.sweep(ctx, handQueue))
}

// What planted bugs are made of.

func (b *Book) Put(ctx context.Context, u id.User, key string, v any) error {
	return b.change(ctx, u, ledger.Want{Keys: []string{key}}, nil, func(ledger.View) ([]ledger.Row, error) {
		var p pending
		p.put(key, v)
		return p.done()
	})
}

func (b *Book) Bypass(ctx context.Context, s id.Stream, d stream.Draft) error {
	_, err := b.door.Append(ctx, s, d)
	return err
}

func (b *Book) NoticeOf(ctx context.Context, u id.User, n uuid.UUID) (Notice, error) {
	notice, _, err := b.notice(ctx, u, n)
	return notice, err
}

func LiveKey(g Grant) string               { return liveKey(g.App, g.ID) }
func PastKey(g Grant) string               { return pastKey(g.App, g.ID) }
func NoticeKey(n Notice) string            { return noticeKey(n.ID) }
func EntryOf(n Notice) uuid.UUID           { return entryID(n.ID) }
func KeyRow(a id.App, key string) string   { return keyRow(a, key) }
func UUIDOf(name string) (uuid.UUID, bool) { return uuidOf(name) }
func Part(u id.User) ledger.Part           { return part(u) }

// AnswerOf is the row of a key that a notice answers.
func AnswerOf(n Notice) any { return answered{Notice: n.ID, Status: n.Status} }

// Grace is how long those who did something may take to finish it.
const Grace = grace + time.Millisecond
