package pebble

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
)

// A table is the first byte of a key. Rows of one table and one partition lie
// side by side, in the order of their keys.
//
// Where a table lies matters to what background work costs. The engine rewrites
// old rows that lie between new ones, so what is written all the time has one
// place: new entries stand at the end of the first table, new ids at the
// beginning of the last, and the tables that are small lie between them. Old
// entries and old ids, which are nearly everything, are left alone.
type table byte

const (
	tableEntry table = 'E' // volume, stream, seq → entry; see volumes

	tableChapter table = 'c' // stream, first seq → volume that the stream's entries are in from there
	tableHead    table = 'h' // stream → its last chapter and leading authors: see end
	tableAuthor  table = 'a' // stream, author → head of the last countable entry of one who does not lead

	tableGroup      table = 'g' // group → chat.Group
	tableMember     table = 'm' // group, user → line
	tableMembership table = 'l' // user, stream → chat.Membership

	tableAccount  table = 'u' // user → account.Account
	tableSession  table = 's' // user, hash of the token → account.Session
	tableRelation table = 'r' // owner, other → contact.Relation
	tableBook     table = 'b' // owner → version of the book

	tablePost     table = 'p' // post → feed.Post; post, kind, id → feed.Act; post, entry → feed.Told: see postKey
	tableTimeline table = 't' // viewer, post
	tableProfile  table = 'f' // author, post
	tableMark     table = 'o' // shard, mark, post

	tableMedium   table = 'i' // medium → media.Medium; medium, carrier
	tableMediaDay table = 'd' // day, medium

	tablePart table = 'k' // part, key → a row of it: see ledger
	tableDue  table = 'q' // queue, time, id → what is owed

	tableFormat table = 'v' // → the number of the format

	tableID table = 'z' // message id with all bits turned, stream → seq, of an entry that is not found by halving
)

// key builds a row's key: the table, then each part with a zero byte behind it.
// No part holds a zero byte (names are printable), so keys order like their parts,
// and the key of the first parts is the prefix of exactly the rows they lead.
// Binary parts may be appended to the result as they are, as the last part.
func (t table) key(parts ...string) []byte {
	n := 1
	for _, p := range parts {
		n += len(p) + 1
	}
	return appendKey(make([]byte, 0, n), t, parts...)
}

func appendKey(b []byte, t table, parts ...string) []byte {
	b = append(b, byte(t))
	for _, p := range parts {
		b = append(append(b, p...), 0)
	}
	return b
}

// after is the first key behind all that begin with prefix.
func after(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; ; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
}

// read finds a row and decodes its JSON into v; false if there is none.
func (s *Store) read(key []byte, v any) (bool, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable("read", err)
	}
	defer closer.Close()
	if err := json.Unmarshal(value, v); err != nil {
		return false, fmt.Errorf("decode the row %q: %w", key, err)
	}
	return true, nil
}

// scan visits the rows from ≤ key < to in order until visit returns false or an
// error. Key and value are valid only during the visit.
func (s *Store) scan(from, to []byte, visit func(key, value []byte) (more bool, err error)) error {
	rows, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return unavailable("scan", err)
	}
	for ok := rows.First(); ok; ok = rows.Next() {
		value, err := rows.ValueAndErr()
		if err != nil {
			return unavailable("scan", errors.Join(err, rows.Close()))
		}
		if more, err := visit(rows.Key(), value); err != nil || !more {
			return errors.Join(err, rows.Close())
		}
	}
	return unavailable("scan", rows.Close()) // Close tells what ended the iteration early
}

// put adds a row with v as JSON to a batch.
func put(b *pebble.Batch, key []byte, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the row %q: %w", key, err)
	}
	return b.Set(key, value, nil)
}

// write stores what fill puts into a batch, all or nothing, and returns when it
// is durable. Nothing is stored if fill fails or puts nothing. It may only fail
// with fill's error or one that wraps fault.Unavailable; then nothing was stored.
//
// Who reads before writing holds the row's lock meanwhile: see locks.
func (s *Store) write(fill func(b *pebble.Batch) error) error { return s.commit(fill, pebble.Sync) }

// writeSoon is write for what may be lost in a crash: it does not wait for the disk.
func (s *Store) writeSoon(fill func(b *pebble.Batch) error) error {
	return s.commit(fill, pebble.NoSync)
}

func (s *Store) commit(fill func(b *pebble.Batch) error, how *pebble.WriteOptions) error {
	b := s.db.NewBatch()
	defer b.Close()
	if err := fill(b); err != nil || b.Empty() {
		return err
	}
	if err := s.room.check(); err != nil {
		return err
	}
	defer s.endIfPanicking()
	return unavailable("write", b.Commit(how))
}

// unavailable says what the engine could not do, in the words of the port.
func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s the store: %w", fault.Unavailable, what, err)
}
