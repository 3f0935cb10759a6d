package pebble

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A tip is where a stream ends, as far as that is durable. The engine shows an
// append to readers a moment before it is on the disk; a reader that was told of
// it and then a crash would leave a position used twice. So readers believe the
// tip, and an append moves it only when it is safe.
//
// Tips are remembered in memory for the streams used last. On the disk the same
// is a row of tableHead, which is written once a chapter, and the stream's last entry.
type tip struct {
	turn sync.Mutex // held by the one who changes the stream, or loads the tip, until that is done

	// What follows is guarded by the shard's lock. It changes in one's turn only, but recent.
	users  int  // who hold or want the turn; a tip that has some is not forgotten
	loaded bool // the rest is known
	end
	recent recent
}

// An end is what is known of a stream's last entries.
type end struct {
	head   stream.Head
	newest uuid.UUID // the greatest dated id in the stream: what is greater is not in it
	last   chapter   // where its newest entries are
	floor  uuid.UUID // what was the newest when the stream was indexed; Nil: it is not, see dated
	// lead are the first authors of the stream, with their last countable entries; a
	// direct conversation has no more. Those of other authors are rows of tableAuthor.
	lead [leads]authored
	gap  gap // that new ids were in last, see dated; only remembered
}

const leads = 2

type authored struct {
	who id.Principal
	at  stream.Head
}

const (
	tipShards    = 64
	tipsPerShard = 512
)

type tips [tipShards]tipShard

type tipShard struct {
	mu    sync.Mutex
	tips  map[id.Stream]*tip
	bytes int // that all recent entries take
}

var tipSeed = maphash.MakeSeed()

func (t *tips) shard(s id.Stream) *tipShard {
	return &t[maphash.String(tipSeed, string(s))%tipShards]
}

// peek returns what is durable of a stream, and its recent entries, if that is in memory.
func (sh *tipShard) peek(s id.Stream) (e end, r recent, known bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if t := sh.tips[s]; t != nil && t.loaded {
		return t.end, t.recent, true
	}
	return end{}, recent{}, false
}

// enter waits for the turn to change a stream. Whoever entered leaves.
func (sh *tipShard) enter(s id.Stream) *tip {
	sh.mu.Lock()
	t := sh.tips[s]
	if t == nil {
		t = sh.add(s)
	}
	t.users++
	sh.mu.Unlock()
	t.turn.Lock()
	return t
}

// enterAt enters without waiting, if the stream is known to end at head and nobody changes it.
func (sh *tipShard) enterAt(s id.Stream, head stream.Head) *tip {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.tips[s]
	if t == nil || !t.loaded || t.head != head || !t.turn.TryLock() {
		return nil
	}
	t.users++
	return t
}

func (sh *tipShard) add(s id.Stream) *tip {
	if sh.tips == nil {
		sh.tips = map[id.Stream]*tip{}
	}
	if len(sh.tips) >= tipsPerShard {
		for old, t := range sh.tips { // any one that nobody uses
			if t.users == 0 {
				sh.bytes -= t.recent.bytes
				delete(sh.tips, old)
				break
			}
		}
	}
	t := &tip{}
	sh.tips[s] = t
	return t
}

func (sh *tipShard) leave(t *tip) {
	t.turn.Unlock()
	sh.mu.Lock()
	t.users--
	sh.mu.Unlock()
}

// move tells readers where the stream ends now, and with which rows.
func (sh *tipShard) move(t *tip, e end, rows [][]byte) {
	sh.mu.Lock()
	t.end, t.loaded = e, true
	sh.keep(t, rows)
	sh.mu.Unlock()
}

// learn remembers what does not change a stream. It is called in one's turn.
func (sh *tipShard) learn(t *tip, g gap) {
	if g != t.gap {
		sh.mu.Lock()
		t.gap = g
		sh.mu.Unlock()
	}
}

// load reads a tip if that is not done yet. It is called in one's turn.
func (s *Store) load(sh *tipShard, st id.Stream, t *tip) error {
	if t.loaded { // written in one's turn only
		return nil
	}
	e, err := s.readEnd(st)
	if err == nil {
		sh.move(t, e, nil)
	}
	return err
}

// readEnd finds where a stream ends.
func (s *Store) readEnd(st id.Stream) (e end, err error) {
	row, closer, err := s.db.Get(tableHead.key(string(st)))
	if errors.Is(err, pebble.ErrNotFound) {
		return end{}, nil
	}
	if err != nil {
		return end{}, unavailable("read", err)
	}
	err = e.decodeChapter(row, st)
	if err = errors.Join(err, closer.Close()); err != nil {
		return end{}, err
	}
	c := e.last
	rows, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: entryKey(c.volume, st, c.first), UpperBound: after(entryKey(c.volume, st, id.MaxSeq)),
	})
	if err != nil {
		return end{}, unavailable("read", err)
	}
	if !rows.Last() {
		err = damaged("the end of %s", st)
	} else if row, err = rows.ValueAndErr(); err == nil {
		err = e.decodeLast(row, id.Seq(binary.BigEndian.Uint64(rows.Key()[len(rows.Key())-8:])))
	}
	if err = errors.Join(rows.Error(), err, rows.Close()); err != nil {
		return end{}, unavailable("read", err)
	}
	return e, nil
}

// wrote notes a countable entry of who at a position; false if it needs a row of its own.
func (e *end) wrote(who id.Principal, at stream.Head) bool {
	for i := range e.lead {
		if a := &e.lead[i]; a.who == who || a.who == "" {
			*a = authored{who, at}
			return true
		}
	}
	return false
}

// author finds an author's last countable entry; settled is false if a row has to tell.
func (e *end) author(who id.Principal) (at stream.Head, settled bool) {
	for _, a := range e.lead {
		if a.who == who {
			return a.at, true
		}
	}
	return stream.Head{}, e.lead[leads-1].who == ""
}

// A stream's row of tableHead is its last chapter, its floor, and the names of its leading authors.
func (e *end) appendChapter(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(e.last.volume))
	b = binary.AppendUvarint(b, uint64(e.last.first))
	b = append(b, e.floor[:]...)
	for _, a := range e.lead {
		b = appendString(b, string(a.who))
	}
	return b
}

func (e *end) decodeChapter(row []byte, st id.Stream) error {
	d := decoder{row: row}
	e.last.volume = uint32(d.uvarint())
	e.last.first = id.Seq(d.uvarint())
	e.floor = d.id()
	for i := range e.lead {
		e.lead[i].who = id.Principal(d.take(int(d.uvarint())))
	}
	if d.short {
		return damaged("the end of %s", st)
	}
	return nil
}

// decodeLast takes the rest from the row of the last entry.
func (e *end) decodeLast(row []byte, seq id.Seq) error {
	m, head, err := decodeMark(row, seq)
	e.head, e.newest = head, m.newest
	for i := range e.lead {
		e.lead[i].at = m.lead[i]
	}
	return err
}

// sameChapter tells whether the row of tableHead is the same for both.
func (e *end) sameChapter(o *end) bool {
	for i := range e.lead {
		if e.lead[i].who != o.lead[i].who {
			return false
		}
	}
	return e.last == o.last && e.floor == o.floor
}
