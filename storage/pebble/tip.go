package pebble

import (
	"bytes"
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
// Tips are remembered in memory for the streams used last; a stream's row of
// tableHead is the same on the disk.
type tip struct {
	turn sync.Mutex // held by the one who changes the stream, or loads the tip, until that is done

	// What follows is guarded by the shard's lock.
	users  int  // who hold or want the turn; a tip that has some is not forgotten
	loaded bool // the rest is known
	moving bool // an append is on its way to the disk
	end
}

// An end is what is known of a stream's last entries.
type end struct {
	head   stream.Head
	newest uuid.UUID // the greatest id in the stream: what is greater is not in it
	last   chapter   // where its newest entries are
	// lead are the first two authors of the stream, with their last countable entries; a
	// direct conversation has no more. Those of other authors are rows of tableAuthor.
	lead [2]authored
}

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
	mu   sync.Mutex
	tips map[id.Stream]*tip
}

var tipSeed = maphash.MakeSeed()

func (t *tips) shard(s id.Stream) *tipShard {
	return &t[maphash.String(tipSeed, string(s))%tipShards]
}

// peek returns what is durable of a stream if that is in memory, and whether
// more than that is on its way.
func (sh *tipShard) peek(s id.Stream) (e end, known, moving bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if t := sh.tips[s]; t != nil && t.loaded {
		return t.end, true, t.moving
	}
	return end{}, false, false
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

func (sh *tipShard) add(s id.Stream) *tip {
	if sh.tips == nil {
		sh.tips = map[id.Stream]*tip{}
	}
	if len(sh.tips) >= tipsPerShard {
		for old, t := range sh.tips { // any one that nobody uses
			if t.users == 0 {
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

// load reads a tip's row if that is not done yet. It is called in one's turn.
func (s *Store) load(sh *tipShard, st id.Stream, t *tip) error {
	if t.loaded { // written in one's turn only
		return nil
	}
	row, closer, err := s.db.Get(tableHead.key(string(st)))
	if errors.Is(err, pebble.ErrNotFound) {
		sh.move(t, end{})
		return nil
	}
	if err != nil {
		return unavailable("read", err)
	}
	e, err := decodeEnd(row, st)
	if err = errors.Join(err, closer.Close()); err != nil {
		return err
	}
	sh.move(t, e)
	return nil
}

// move tells readers where the stream ends now.
func (sh *tipShard) move(t *tip, e end) {
	sh.mu.Lock()
	t.end, t.loaded, t.moving = e, true, false
	sh.mu.Unlock()
}

// hold tells readers that more is on its way.
func (sh *tipShard) hold(t *tip) {
	sh.mu.Lock()
	t.moving = true
	sh.mu.Unlock()
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
	return stream.Head{}, e.lead[1].who == ""
}

// saw notes an id that is in the stream.
func (e *end) saw(u uuid.UUID) {
	if bytes.Compare(u[:], e.newest[:]) > 0 {
		e.newest = u
	}
}

func appendEnd(b []byte, e *end) []byte {
	b = appendHead(b, e.head)
	b = append(b, e.newest[:]...)
	b = binary.AppendUvarint(b, uint64(e.last.volume))
	b = binary.AppendUvarint(b, uint64(e.last.first))
	for _, a := range e.lead {
		if a.who != "" {
			b = appendHead(appendString(b, string(a.who)), a.at)
		}
	}
	return b
}

func decodeEnd(row []byte, st id.Stream) (e end, err error) {
	d := decoder{row: row}
	e.head = d.head()
	e.newest = d.id()
	e.last.volume = uint32(d.uvarint())
	e.last.first = id.Seq(d.uvarint())
	for i := 0; len(d.row) > 0 && i < len(e.lead) && !d.short; i++ {
		e.lead[i].who = id.Principal(d.take(int(d.uvarint())))
		e.lead[i].at = d.head()
	}
	if d.short {
		return end{}, damaged("the end of %s", st)
	}
	return e, nil
}
