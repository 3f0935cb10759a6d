package pebble

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Membership implements chat.Store.
func (s *Store) Membership(_ context.Context, u id.User, st id.Stream) (chat.Membership, error) {
	m, found, err := s.membership(membershipKey(u, st))
	if err == nil && !found {
		err = chat.ErrUnknown
	}
	m.Stream = st
	return m, err
}

// Memberships implements chat.Store.
func (s *Store) Memberships(ctx context.Context, u id.User) ([]chat.Membership, error) {
	var all []chat.Membership
	from := tableMembership.key(string(u))
	err := s.scan(from, after(from), func(key, row []byte) (bool, error) {
		m, err := decodeMembership(key, row)
		m.Stream = id.Stream(key[len(from) : len(key)-1])
		all = append(all, m)
		return true, errors.Join(err, ctx.Err())
	})
	return all, err
}

// Join implements chat.Store.
func (s *Store) Join(_ context.Context, st id.Stream, users []id.User, floor stream.Head) error {
	return s.changeMemberships(st, users, func(m *chat.Membership, found bool) bool {
		at := floor.Seq + 1
		switch {
		case !found:
			m.Floor = floor
			return true
		case m.Left.Seq > at || m.Left.Seq == 0 && m.Floor.Seq >= floor.Seq || m.Floor.Seq > floor.Seq:
			return false
		}
		m.Floor, m.Left = floor, stream.Head{}
		return true
	})
}

// Leave implements chat.Store.
func (s *Store) Leave(_ context.Context, st id.Stream, users []id.User, at stream.Head) error {
	return s.changeMemberships(st, users, func(m *chat.Membership, found bool) bool {
		if !found || m.Floor.Seq >= at.Seq || m.Left.Seq > 0 {
			return false
		}
		m.Left = at
		return true
	})
}

// MoveRead implements chat.Store. ErrUnknown: the stream is not in the user's list.
func (s *Store) MoveRead(_ context.Context, u id.User, st id.Stream, to stream.Head) error {
	return s.changeListed(u, st, func(m *chat.Membership) bool {
		if to.Seq <= m.Read.Seq {
			return false
		}
		m.Read = to
		return true
	})
}

// PutSettings implements chat.Store. ErrUnknown: the stream is not in the user's list.
func (s *Store) PutSettings(_ context.Context, u id.User, st id.Stream, set chat.Settings) error {
	return s.changeListed(u, st, func(m *chat.Membership) bool {
		changed := m.Settings != set
		m.Settings = set
		return changed
	})
}

func (s *Store) changeListed(u id.User, st id.Stream, change func(*chat.Membership) bool) error {
	there := false
	err := s.changeMemberships(st, []id.User{u}, func(m *chat.Membership, found bool) bool {
		there = found
		return found && change(m)
	})
	if err == nil && !there {
		err = chat.ErrUnknown
	}
	return err
}

// changeMemberships reads, changes and stores the lines of some users about one
// stream as one step, all or none. change tells whether there is something to store.
func (s *Store) changeMemberships(st id.Stream, users []id.User, change func(m *chat.Membership, found bool) bool) error {
	keys := make([][]byte, len(users))
	for i, u := range users {
		keys[i] = membershipKey(u, st)
	}
	defer s.locks.lock(keys...)()
	return s.write(func(b *pebble.Batch) error {
		for _, key := range keys {
			m, found, err := s.membership(key)
			if err != nil {
				return err
			}
			if !change(&m, found) {
				continue
			}
			if err := b.Set(key, appendMembership(nil, &m), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func membershipKey(u id.User, st id.Stream) []byte {
	return tableMembership.key(string(u), string(st))
}

func (s *Store) membership(key []byte) (m chat.Membership, found bool, err error) {
	row, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, unavailable("read", err)
	}
	m, err = decodeMembership(key, row)
	return m, true, errors.Join(err, closer.Close())
}

// A membership's row: the switches, the position of hiding, then floor, read and
// left. It is read for every conversation of a device that comes back.
const (
	rowMuted = 1 << iota
	rowPinned
)

func appendMembership(b []byte, m *chat.Membership) []byte {
	var switches uint64
	if m.Muted {
		switches |= rowMuted
	}
	if m.Pinned {
		switches |= rowPinned
	}
	b = binary.AppendUvarint(b, switches)
	b = binary.AppendUvarint(b, uint64(m.Hidden))
	return appendHead(appendHead(appendHead(b, m.Floor), m.Read), m.Left)
}

func decodeMembership(key, row []byte) (m chat.Membership, err error) {
	d := decoder{row: row}
	switches := d.uvarint()
	m.Muted, m.Pinned = switches&rowMuted != 0, switches&rowPinned != 0
	m.Hidden = id.Seq(d.uvarint())
	m.Floor, m.Read, m.Left = d.head(), d.head(), d.head()
	if d.short {
		return m, damaged("the row %q", key)
	}
	return m, nil
}
