package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// ChangeAct implements feed.Store.
func (s *Store) ChangeAct(_ context.Context, post id.Post, k feed.ActKey, m feed.Mark, change func(*feed.Act) error) (feed.Act, error) {
	key := actKey(post, k)
	defer s.locks.lock(key)()
	a := feed.Act{Kind: k.Kind, ID: k.ID}
	if err := s.act(key, &a); err != nil {
		return a, err
	}
	before := appendAct(nil, &a)
	if err := change(&a); err != nil {
		return a, err
	}
	a.Kind, a.ID = k.Kind, k.ID
	return a, s.storeChanged(key, before, appendAct(nil, &a), m)
}

// act reads an act of which kind and id are known; one that is not there stays as it is.
func (s *Store) act(key []byte, a *feed.Act) error {
	row, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return unavailable("read", err)
	}
	return errors.Join(decodeAct(key, row, a), closer.Close())
}

// DropActs implements feed.Store.
func (s *Store) DropActs(_ context.Context, p id.Post, keys []feed.ActKey) error {
	rows := make([][]byte, len(keys))
	for i, k := range keys {
		rows[i] = actKey(p, k)
	}
	defer s.locks.lock(rows...)()
	return s.write(func(b *pebble.Batch) error { return drop(b, rows) })
}

// An act's row: the switches, its time in Unix milliseconds, its turn, who it is
// from unless that is its id, the comment it answers and whose that is, and the
// text. Kind and id stand in the key. A page of a timeline is hundreds of them.
const (
	actOn = 1 << iota
	actOwed
	actReply
	actOther // it is from somebody else than its id says
)

func appendAct(b []byte, a *feed.Act) []byte {
	var switches uint64
	if a.On {
		switches |= actOn
	}
	if a.Owed {
		switches |= actOwed
	}
	if a.ReplyTo != nil {
		switches |= actReply
	}
	if string(a.From) != a.ID {
		switches |= actOther
	}
	b = binary.AppendUvarint(b, switches)
	b = binary.AppendUvarint(b, uint64(a.At.UnixMilli()))
	b = binary.AppendUvarint(b, uint64(a.Turn))
	if switches&actOther != 0 {
		b = appendString(b, string(a.From))
	}
	if a.ReplyTo != nil {
		b = appendString(b, string(a.ReplyTo.ID))
		b = appendString(b, string(a.ReplyTo.User))
	}
	return append(b, a.Text...)
}

func decodeAct(key, row []byte, a *feed.Act) error {
	d := decoder{row: row}
	word := func() string { return string(d.take(int(d.uvarint()))) }
	switches := d.uvarint()
	a.On, a.Owed = switches&actOn != 0, switches&actOwed != 0
	a.At = time.UnixMilli(int64(d.uvarint())).UTC()
	a.Turn = int64(d.uvarint())
	if a.From = id.User(a.ID); switches&actOther != 0 {
		a.From = id.User(word())
	}
	if switches&actReply != 0 {
		a.ReplyTo = &feed.Reply{ID: id.Comment(word()), User: id.User(word())}
	}
	a.Text = string(d.row)
	if d.short {
		return damaged("the row %q", key)
	}
	return nil
}

// actKeyed is an act of which only the key is known: what follows that of all acts.
func actKeyed(rest []byte) feed.Act {
	kind, name, _ := bytes.Cut(rest, []byte{0})
	a := feed.Act{ID: string(bytes.TrimSuffix(name, []byte{0}))}
	switch string(kind) { // words that are here already
	case feed.Like:
		a.Kind = feed.Like
	case feed.Comment:
		a.Kind = feed.Comment
	case feed.Mute:
		a.Kind = feed.Mute
	default:
		a.Kind = string(kind)
	}
	return a
}
