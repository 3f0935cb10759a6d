package pebble

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
)

// Group implements chat.Store.
func (s *Store) Group(_ context.Context, st id.Stream) (chat.Group, error) {
	var g chat.Group
	found, err := s.read(tableGroup.key(string(st)), &g)
	if err == nil && !found {
		err = chat.ErrUnknown
	}
	return g, err
}

// PutGroup implements chat.Store.
func (s *Store) PutGroup(_ context.Context, g chat.Group) error {
	key := tableGroup.key(string(g.Stream))
	defer s.locks.lock(key)()
	var there chat.Group
	if _, err := s.read(key, &there); err != nil {
		return err
	}
	if there.Version != g.Version-1 {
		return chat.ErrConflict
	}
	return s.write(func(b *pebble.Batch) error { return put(b, key, g) })
}

// A line is a row of a group's roster, as of an entry. Who was removed leaves
// one behind, so that an earlier change that comes late does not bring them back.
type line struct {
	At     id.Seq      `json:"at"`
	Gone   bool        `json:"gone,omitempty"`
	Member chat.Member `json:"member,omitzero"`
}

func lineKey(st id.Stream, u id.User) []byte { return tableMember.key(string(st), string(u)) }

// Member implements chat.Store.
func (s *Store) Member(_ context.Context, st id.Stream, u id.User) (chat.Member, error) {
	var l line
	found, err := s.read(lineKey(st, u), &l)
	if err == nil && (!found || l.Gone) {
		return chat.Member{}, chat.ErrUnknown
	}
	return l.Member, err
}

// Members implements chat.Store.
func (s *Store) Members(ctx context.Context, st id.Stream, behind id.User, limit int) ([]chat.Member, error) {
	if limit <= 0 {
		return nil, ctx.Err()
	}
	from := tableMember.key(string(st))
	to := after(from)
	if behind != "" {
		from = after(lineKey(st, behind))
	}
	var members []chat.Member
	err := s.scan(from, to, func(key, value []byte) (bool, error) {
		var l line
		if err := json.Unmarshal(value, &l); err != nil {
			return false, fmt.Errorf("decode the row %q: %w", key, err)
		}
		if !l.Gone {
			members = append(members, l.Member)
		}
		return len(members) < limit, ctx.Err()
	})
	return members, err
}

// PutMembers implements chat.Store.
func (s *Store) PutMembers(_ context.Context, st id.Stream, at id.Seq, members []chat.Member) error {
	lines := make([]line, len(members))
	users := make([]id.User, len(members))
	for i, m := range members {
		lines[i], users[i] = line{At: at, Member: m}, m.User
	}
	return s.putLines(st, users, lines)
}

// DropMembers implements chat.Store.
func (s *Store) DropMembers(_ context.Context, st id.Stream, at id.Seq, users []id.User) error {
	lines := make([]line, len(users))
	for i := range users {
		lines[i] = line{At: at, Gone: true}
	}
	return s.putLines(st, users, lines)
}

func (s *Store) putLines(st id.Stream, users []id.User, lines []line) error {
	keys := make([][]byte, len(users))
	for i, u := range users {
		keys[i] = lineKey(st, u)
	}
	defer s.locks.lock(keys...)()
	return s.write(func(b *pebble.Batch) error {
		for i, key := range keys {
			var there line
			if _, err := s.read(key, &there); err != nil {
				return err
			}
			if there.At > lines[i].At {
				continue
			}
			if err := put(b, key, lines[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
