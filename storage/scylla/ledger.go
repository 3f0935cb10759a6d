package scylla

import (
	"context"
	"errors"

	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/ledger"
)

// ReadPart implements ledger.Store.
func (s *Store) ReadPart(ctx context.Context, p ledger.Part, w ledger.Want) (ledger.View, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l, err := s.look(ctx, p, w, func(l *look) error {
		if !l.quiet {
			return nil
		}
		now, err := s.partVersion(ctx, p, gocql.LocalSerial)
		if err == nil && now.number != l.at.number {
			err = errOvertaken
		}
		return err
	})
	if err != nil {
		return ledger.View{}, err
	}
	return l.view(), nil
}

// ListPart implements ledger.Store.
func (s *Store) ListPart(ctx context.Context, p ledger.Part, prefix, after string, limit int) ([]ledger.Row, error) {
	if limit <= 0 {
		return nil, nil
	}
	from, bound := `key > ?`, max(after, partKey)
	if bound < prefix {
		from, bound = `key >= ?`, prefix
	}
	var l look
	err := l.take(s.reading(ctx, `SELECT key, value, version, tries FROM ledger WHERE part=? AND `+from+` AND key < ? LIMIT ?`,
		string(p), bound, prefix+behindKeys, limit))
	return l.rows, err
}

// ChangePart implements ledger.Store.
func (s *Store) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	leave, err := s.lanes.enter(ctx, p)
	if err != nil {
		return err
	}
	defer leave()
	at, usable := decodeVersion(have.Version)
	usable = usable && at.number >= s.agreed.of(p)
	for {
		if !usable {
			l, err := s.look(ctx, p, w, func(*look) error { return nil })
			if err != nil {
				return err
			}
			have, at = l.view(), l.at
		}
		rows, err := change(have)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.Owe(ctx, owed...); err != nil {
			return err
		}
		err = s.putRows(ctx, p, at, rows)
		if !errors.Is(err, errOvertaken) {
			return err
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return readError(err)
		}
		usable, owed = false, nil
	}
}

// putRows is one change of a part that is at now: one conditional batch.
func (s *Store) putRows(ctx context.Context, p ledger.Part, now version, rows []ledger.Row) error {
	part := string(p)
	err := s.decide(ctx, now, newTry(), func(ctx context.Context, next version) (bool, error) {
		b := s.cql.Batch(gocql.UnloggedBatch).RetryPolicy(never{}).DefaultTimestamp(false).WithContext(ctx)
		b.Query(`UPDATE ledger SET version=?, tries=? WHERE part=? IF version=?`, next.number, next.tries, part, now.expected())
		if now.number == 0 {
			b.Query(`INSERT INTO ledger (part, key) VALUES (?, ?)`, part, partKey)
		}
		for _, r := range rows {
			if len(r.Value) == 0 {
				b.Query(`DELETE FROM ledger WHERE part=? AND key=?`, part, r.Key)
			} else {
				b.Query(`INSERT INTO ledger (part, key, value) VALUES (?, ?, ?)`, part, r.Key, r.Value)
			}
		}
		applied, iter, err := s.cql.MapExecuteBatchCAS(b, map[string]any{})
		if iter != nil {
			err = errors.Join(err, iter.Close())
		}
		return applied, err
	}, func(ctx context.Context, level gocql.Consistency) (version, error) {
		return s.partVersion(ctx, p, level)
	})
	if err == nil {
		s.agreed.note(p, now.number+1)
	}
	return err
}

func (s *Store) partVersion(ctx context.Context, p ledger.Part, level gocql.Consistency) (version, error) {
	v, err := scanVersion(s.reading(ctx, `SELECT version, tries FROM ledger WHERE part=? LIMIT 1`, string(p)).Consistency(level))
	return v, readError(err)
}
