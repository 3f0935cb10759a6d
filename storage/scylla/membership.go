package scylla

import (
	"context"
	"errors"
	"sync"

	"github.com/gocql/gocql"
	"github.com/scylladb/gocqlx/v2/qb"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A membershipRow is a row of streams_by_user. Rows are never deleted. One with
// no floor is of somebody who is not in the conversation's list (yet): a change
// that came before the joining it goes back to.
type membershipRow struct {
	User       string
	Stream     string
	FloorSeq   *int64
	FloorCount int64
	LeftSeq    int64
	LeftCount  int64
	ReadSeq    int64
	ReadCount  int64
	Muted      bool
	Pinned     bool
	Hidden     int64
}

var membershipColumns = []string{
	"stream", "floor_seq", "floor_count", "left_seq", "left_count", "read_seq", "read_count", "muted", "pinned", "hidden",
}

var (
	selectMembership, selectMembershipNames = qb.Select("streams_by_user").Columns(membershipColumns...).
						Where(qb.Eq("user"), qb.Eq("stream")).ToCql()
	selectMemberships, selectMembershipsNames = qb.Select("streams_by_user").Columns(membershipColumns...).
							Where(qb.Eq("user")).ToCql()
	updateSettings, updateSettingsNames = qb.Update("streams_by_user").Set("muted", "pinned", "hidden").
						Where(qb.Eq("user"), qb.Eq("stream")).ToCql()
)

func (r *membershipRow) membership() chat.Membership {
	return chat.Membership{
		Stream:   id.Stream(r.Stream),
		Floor:    stream.Head{Seq: id.Seq(*r.FloorSeq), Count: r.FloorCount},
		Left:     stream.Head{Seq: id.Seq(r.LeftSeq), Count: r.LeftCount},
		Read:     stream.Head{Seq: id.Seq(r.ReadSeq), Count: r.ReadCount},
		Settings: chat.Settings{Muted: r.Muted, Pinned: r.Pinned, Hidden: id.Seq(r.Hidden)},
	}
}

// Membership implements chat.Store.
func (s *Store) Membership(ctx context.Context, u id.User, st id.Stream) (chat.Membership, error) {
	var r membershipRow
	q := s.mapped(ctx, selectMembership, selectMembershipNames).Bind(string(u), string(st))
	err := readError(q.GetRelease(&r))
	switch {
	case errors.Is(err, gocql.ErrNotFound), err == nil && r.FloorSeq == nil:
		return chat.Membership{}, chat.ErrUnknown
	case err != nil:
		return chat.Membership{}, err
	}
	return r.membership(), nil
}

// Memberships implements chat.Store.
func (s *Store) Memberships(ctx context.Context, u id.User) ([]chat.Membership, error) {
	var rows []membershipRow
	q := s.mapped(ctx, selectMemberships, selectMembershipsNames).Bind(string(u))
	if err := readError(q.SelectRelease(&rows)); err != nil {
		return nil, err
	}
	all := make([]chat.Membership, 0, len(rows))
	for i := range rows {
		if rows[i].FloorSeq != nil {
			all = append(all, rows[i].membership())
		}
	}
	return all, nil
}

// Joining as of the entry behind a floor and leaving at an entry are ordered by
// the entries' positions, twice over so that there is room between them: who
// leaves at n and joins again behind floor n is in, who joins behind floor n and
// leaves at n+1 is out.
func joined(floor id.Seq) int64 { return 2*int64(floor) + 1 }
func left(at id.Seq) int64      { return 2 * int64(at) }

// Join implements chat.Store.
func (s *Store) Join(ctx context.Context, st id.Stream, users []id.User, floor stream.Head) error {
	return each(ctx, len(users), func(ctx context.Context, i int) error {
		q := s.writing(ctx, `UPDATE streams_by_user USING TIMESTAMP ? SET floor_seq=?, floor_count=?, left_seq=0, left_count=0
			WHERE user=? AND stream=?`, joined(floor.Seq), int64(floor.Seq), floor.Count, string(users[i]), string(st))
		return readError(q.Exec())
	})
}

// Leave implements chat.Store. Who has left already stays as they left: a second
// leaving must not show them more.
func (s *Store) Leave(ctx context.Context, st id.Stream, users []id.User, at stream.Head) error {
	return each(ctx, len(users), func(ctx context.Context, i int) error {
		m, err := s.Membership(ctx, users[i], st)
		if err == nil && m.Left.Seq > 0 && m.Left.Seq < at.Seq {
			return nil
		}
		if err != nil && !errors.Is(err, chat.ErrUnknown) {
			return err
		}
		q := s.writing(ctx, `UPDATE streams_by_user USING TIMESTAMP ? SET left_seq=?, left_count=?
			WHERE user=? AND stream=?`, left(at.Seq), int64(at.Seq), at.Count, string(users[i]), string(st))
		return readError(q.Exec())
	})
}

// MoveRead implements chat.Store. ErrUnknown: the stream is not in the user's
// list. The position is the timestamp, so it never moves back.
func (s *Store) MoveRead(ctx context.Context, u id.User, st id.Stream, to stream.Head) error {
	if err := s.isListed(ctx, u, st); err != nil || to.Seq < 1 {
		return err
	}
	q := s.writing(ctx, `UPDATE streams_by_user USING TIMESTAMP ? SET read_seq=?, read_count=? WHERE user=? AND stream=?`,
		int64(to.Seq), int64(to.Seq), to.Count, string(u), string(st))
	return readError(q.Exec())
}

// PutSettings implements chat.Store. ErrUnknown: the stream is not in the user's list.
func (s *Store) PutSettings(ctx context.Context, u id.User, st id.Stream, set chat.Settings) error {
	if err := s.isListed(ctx, u, st); err != nil {
		return err
	}
	q := s.mapped(ctx, updateSettings, updateSettingsNames).BindStruct(membershipRow{
		User: string(u), Stream: string(st), Muted: set.Muted, Pinned: set.Pinned, Hidden: int64(set.Hidden),
	})
	return readError(q.ExecRelease())
}

// isListed is nil if a stream is in a user's list. What is once is always.
func (s *Store) isListed(ctx context.Context, u id.User, st id.Stream) error {
	key := listKey{u, st}
	if s.listed.has(key) {
		return nil
	}
	if _, err := s.Membership(ctx, u, st); err != nil {
		return err
	}
	s.listed.add(key)
	return nil
}

type listKey struct {
	user   id.User
	stream id.Stream
}

// A knownSet remembers some of what is stored and stays so.
type knownSet[K comparable] struct {
	mu  sync.Mutex
	set map[K]struct{}
}

const knownMost = 1 << 15

func (k *knownSet[K]) has(key K) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.set[key]
	return ok
}

func (k *knownSet[K]) add(key K) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set == nil || len(k.set) >= knownMost {
		k.set = map[K]struct{}{}
	}
	k.set[key] = struct{}{}
}
