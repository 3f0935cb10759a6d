package scylla

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/ledger"
)

// A part is a partition, and every change of it is conditional on the version at
// which it was read. That means something only if the rows are exactly those of the
// version that was read with them.
//
// A plain read does not promise it. While a change is on one replica only, a read
// of some rows carries these to another, and the version with them; a third read,
// of other rows, may then find the new version with the old rows. But a change that
// is on a majority is found whole by every read of a majority that begins later. So
// a version is believed if it was known to be on a majority before the read began: that are the
// changes of this server that were answered, and what a read in agreement of the
// replicas has found, which finishes what is under way. Any other version costs
// such a read.

const (
	partKey    = ""           // of the row that every part has
	behindKeys = "\U0010FFFF" // behind a prefix: after all keys under it
	// keysAtOnce is how many rows one statement may ask for by key; databases refuse more than 100.
	keysAtOnce = 99
)

// A look is what was found of a part. The rows are those of the version at. quiet:
// some that were asked for were not there, and nothing told of which version that
// is: at, or a later one. A change that fails if it is a later one need not know.
type look struct {
	at    version
	rows  []ledger.Row
	quiet bool
}

func (l *look) view() ledger.View { return ledger.NewView(l.rows, encodeVersion(l.at)) }

// look reads what is wanted of a part, again whenever it is overtaken meanwhile, or
// check says that it was.
func (s *Store) look(ctx context.Context, p ledger.Part, w ledger.Want, check func(*look) error) (look, error) {
	for {
		l, err := s.lookOnce(ctx, p, w)
		if err == nil {
			err = check(&l)
		}
		if !errors.Is(err, errOvertaken) {
			return l, err
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return l, readError(err)
		}
	}
}

func (s *Store) lookOnce(ctx context.Context, p ledger.Part, w ledger.Want) (look, error) {
	n := min(len(w.Keys), keysAtOnce)
	l, err := s.lookFirst(ctx, p, w.Keys[:n])
	if err != nil || l.at.number == 0 {
		return l, err
	}
	var queries []*gocql.Query
	for i := n; i < len(w.Keys); i += keysAtOnce {
		queries = append(queries, s.byKeys(ctx, p, w.Keys[i:min(i+keysAtOnce, len(w.Keys))]))
	}
	for _, prefix := range w.Prefixes {
		queries = append(queries, s.reading(ctx, `SELECT key, value, version, tries FROM ledger WHERE part=? AND key >= ? AND key < ?`,
			string(p), prefix, prefix+behindKeys))
	}
	looks := make([]look, len(queries))
	if err := each(ctx, len(queries), func(_ context.Context, i int) error { return looks[i].take(queries[i]) }); err != nil {
		return l, err
	}
	for i := range looks {
		switch more := &looks[i]; {
		case more.quiet:
			l.quiet = true
		case more.at.number != l.at.number:
			return l, errOvertaken
		}
		l.rows = append(l.rows, looks[i].rows...)
	}
	return l, nil
}

// lookFirst reads rows of a part by their keys, and a version that can be believed.
func (s *Store) lookFirst(ctx context.Context, p ledger.Part, keys []string) (look, error) {
	if known := s.agreed.of(p); known > 0 {
		var l look
		if err := l.take(s.byKeys(ctx, p, keys)); err != nil || l.at.number == known {
			return l, err
		}
	}
	var l look
	if err := l.take(s.byKeys(ctx, p, keys).Consistency(gocql.LocalSerial)); err != nil {
		return l, err
	}
	s.agreed.note(p, l.at.number)
	l.quiet = false // the part's own row is missing: it is at version 0
	return l, nil
}

func (s *Store) byKeys(ctx context.Context, p ledger.Part, keys []string) *gocql.Query {
	return s.reading(ctx, `SELECT key, value, version, tries FROM ledger WHERE part=? AND key IN ?`, string(p), append([]string{partKey}, keys...))
}

// take reads the rows of one answer, each of which tells the part's version.
func (l *look) take(q *gocql.Query) error {
	iter := q.Iter()
	l.quiet = iter.NumRows() == 0
	var row ledger.Row
	for iter.Scan(&row.Key, &row.Value, &l.at.number, &l.at.tries) {
		if row.Key != partKey {
			l.rows = append(l.rows, row)
		}
		row = ledger.Row{}
	}
	return readError(iter.Close())
}

// A View's version is the number and the tries.
func encodeVersion(v version) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+16*len(v.tries)), uint64(v.number))
	for _, t := range v.tries {
		b = append(b, t[:]...)
	}
	return b
}

// decodeVersion is false for what encodeVersion has not made.
func decodeVersion(b []byte) (v version, ok bool) {
	if len(b) < 8 || len(b)%16 != 8 {
		return v, false
	}
	v.number = int64(binary.BigEndian.Uint64(b))
	for b = b[8:]; len(b) > 0; b = b[16:] {
		v.tries = append(v.tries, gocql.UUID(b[:16]))
	}
	return v, true
}

// agreed remembers, of some parts, the newest version that is known to be on a
// majority of the replicas.
type agreed struct {
	mu     sync.Mutex
	number map[ledger.Part]int64
}

const agreedMost = 1 << 16

// of is 0 if none is known.
func (a *agreed) of(p ledger.Part) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.number[p]
}

func (a *agreed) note(p ledger.Part, number int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old, there := a.number[p]
	if number <= old {
		return
	}
	if !there && len(a.number) >= agreedMost {
		for some := range a.number {
			delete(a.number, some)
			break
		}
	}
	if a.number == nil {
		a.number = map[ledger.Part]int64{}
	}
	a.number[p] = number
}
