package scylla

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
)

// Group implements chat.Store.
func (s *Store) Group(ctx context.Context, st id.Stream) (chat.Group, error) {
	var blob []byte
	q := s.reading(ctx, `SELECT value FROM groups WHERE stream=?`, string(st))
	err := readError(q.Scan(&blob))
	if errors.Is(err, gocql.ErrNotFound) {
		err = chat.ErrUnknown
	}
	var g chat.Group
	if err == nil {
		if err = json.Unmarshal(blob, &g); err != nil {
			err = fmt.Errorf("decode the group %s: %w", st, err)
		}
	}
	return g, err
}

// PutGroup implements chat.Store.
func (s *Store) PutGroup(ctx context.Context, g chat.Group) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	blob, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("encode the group %s: %w", g.Stream, err)
	}
	now, err := s.groupVersion(ctx, g.Stream, gocql.LocalQuorum)
	if err != nil {
		return readError(err)
	}
	if now.number != g.Version-1 {
		return chat.ErrConflict
	}
	err = s.decide(ctx, now, newTry(),
		func(ctx context.Context, next version) (bool, error) {
			q := s.deciding(ctx, `UPDATE groups SET version=?, tries=?, value=? WHERE stream=? IF version=?`,
				next.number, next.tries, blob, string(g.Stream), now.expected())
			return q.MapScanCAS(map[string]any{})
		},
		func(ctx context.Context, level gocql.Consistency) (version, error) {
			return s.groupVersion(ctx, g.Stream, level)
		})
	if errors.Is(err, errOvertaken) {
		err = chat.ErrConflict
	}
	return err
}

func (s *Store) groupVersion(ctx context.Context, st id.Stream, level gocql.Consistency) (version, error) {
	q := s.reading(ctx, `SELECT version, tries FROM groups WHERE stream=?`, string(st))
	return scanVersion(q.Consistency(level))
}

// Member implements chat.Store.
func (s *Store) Member(ctx context.Context, st id.Stream, u id.User) (chat.Member, error) {
	var line []byte
	q := s.reading(ctx, `SELECT line FROM members_by_stream WHERE stream=? AND user=?`, string(st), string(u))
	err := readError(q.Scan(&line))
	if errors.Is(err, gocql.ErrNotFound) {
		err = chat.ErrUnknown
	}
	if err != nil {
		return chat.Member{}, err
	}
	return decodeMember(line)
}

func decodeMember(line []byte) (m chat.Member, err error) {
	if err = json.Unmarshal(line, &m); err != nil {
		err = fmt.Errorf("decode a line of a roster: %w", err)
	}
	return m, err
}

// Members implements chat.Store.
func (s *Store) Members(ctx context.Context, st id.Stream, after id.User, limit int) ([]chat.Member, error) {
	if limit <= 0 {
		return nil, nil
	}
	q := s.reading(ctx, `SELECT line FROM members_by_stream WHERE stream=? AND user>? LIMIT ?`, string(st), string(after), limit)
	iter := q.Iter()
	var members []chat.Member
	var line []byte
	var failed error
	for iter.Scan(&line) {
		m, err := decodeMember(line)
		failed = errors.Join(failed, err)
		members = append(members, m)
		line = nil
	}
	return members, errors.Join(readError(iter.Close()), failed)
}

// PutMembers implements chat.Store. The entry's position is the timestamp, so the
// database keeps the line of the latest entry, whenever it is written.
func (s *Store) PutMembers(ctx context.Context, st id.Stream, at id.Seq, members []chat.Member) error {
	return each(ctx, len(members), func(ctx context.Context, i int) error {
		line, err := json.Marshal(members[i])
		if err != nil {
			return fmt.Errorf("encode a line of a roster: %w", err)
		}
		q := s.writing(ctx, `UPDATE members_by_stream USING TIMESTAMP ? SET line=? WHERE stream=? AND user=?`,
			int64(at), line, string(st), string(members[i].User))
		return readError(q.Exec())
	})
}

// DropMembers implements chat.Store.
func (s *Store) DropMembers(ctx context.Context, st id.Stream, at id.Seq, users []id.User) error {
	return each(ctx, len(users), func(ctx context.Context, i int) error {
		q := s.writing(ctx, `DELETE line FROM members_by_stream USING TIMESTAMP ? WHERE stream=? AND user=?`,
			int64(at), string(st), string(users[i]))
		return readError(q.Exec())
	})
}
