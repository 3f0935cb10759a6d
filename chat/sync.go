package chat

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

const (
	// SyncMost bounds the streams of one page of sync.
	SyncMost = 200
	// syncEntries are how many new entries of one stream come at most; the newest.
	syncEntries = 100
	// syncBytes ends a page early, so that no answer is huge.
	syncBytes = 1 << 20
)

// Resume is Sync for a device that connects: between reading which
// conversations there are and reading how far they have come it calls listen
// with the groups, so that nothing can happen unheard in between. A cursor that
// is no position counts as none: nobody is locked out for what a device remembers.
func (s *Service) Resume(ctx context.Context, u id.User, cursors map[string]int64, listen func(groups []id.Stream) error) (wire.Sync, error) {
	all, err := s.conversations(ctx, u)
	if err != nil {
		return wire.Sync{}, err
	}
	if err := listen(groupsOf(all)); err != nil {
		return wire.Sync{}, err
	}
	return s.news(ctx, all, cursors, "")
}

// Groups are those a user is in.
func (s *Service) Groups(ctx context.Context, u id.User) ([]id.Stream, error) {
	all, err := s.conversations(ctx, u)
	return groupsOf(all), err
}

func groupsOf(all []access) (groups []id.Stream) {
	for _, a := range all {
		if a.stream.Kind() == id.Group && a.left.Seq == 0 {
			groups = append(groups, a.stream)
		}
	}
	return groups
}

// Sync tells which streams have news for a device that has them up to its
// cursors: those that moved, with what is new, and those it does not know.
// Next of a page goes back as After.
func (s *Service) Sync(ctx context.Context, u id.User, r wire.SyncRequest) (wire.Sync, error) {
	for _, seq := range r.Cursors {
		if seq < 0 {
			return wire.Sync{}, fault.BadRequest.At("/cursors", "has a value that is no position")
		}
	}
	all, err := s.conversations(ctx, u)
	if err != nil {
		return wire.Sync{}, err
	}
	return s.news(ctx, all, r.Cursors, r.After)
}

// conversations are all streams of a user, by name: the personal ones and those in the list.
func (s *Service) conversations(ctx context.Context, u id.User) ([]access, error) {
	list, err := s.store.Memberships(ctx, u)
	if err != nil {
		return nil, err
	}
	all := make([]access, 0, len(list)+len(id.PersonalNames))
	for _, name := range id.PersonalNames {
		all = append(all, access{stream: id.PersonalStream(name, u), user: u})
	}
	for _, m := range list {
		if m.Stream.Kind() != id.Personal {
			all = append(all, accessOf(u, m))
			continue
		}
		for i := range id.PersonalNames {
			if all[i].stream == m.Stream {
				all[i] = accessOf(u, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b access) int { return strings.Compare(a.stream.Name(), b.stream.Name()) })
	return all, nil
}

// news makes a page of sync.
func (s *Service) news(ctx context.Context, all []access, cursors map[string]int64, after string) (wire.Sync, error) {
	heads, err := s.log.Heads(ctx, streamsOf(all))
	if err != nil {
		return wire.Sync{}, err
	}
	var todo []wanted
	more := false
	for i := range all {
		w := wanted{access: &all[i], head: all[i].clip(heads[i])}
		cursor, known := cursors[w.stream.Name()]
		w.cursor, w.known = min(id.Seq(cursor), id.MaxSeq), known && cursor >= 0
		if w.stream.Name() <= after || !w.news() {
			continue
		}
		if more = len(todo) == SyncMost; more {
			break
		}
		todo = append(todo, w)
	}
	streams, err := s.fitting(ctx, todo)
	if err != nil {
		return wire.Sync{}, err
	}
	page := wire.Sync{Streams: streams}
	if more || len(streams) < len(todo) {
		page.Next = &streams[len(streams)-1].Stream
	}
	return page, nil
}

// fitting tells how the first of todo stand, as many as fit into a page and at
// least one. It reads a few at a time: all of them may be far more than a page.
func (s *Service) fitting(ctx context.Context, todo []wanted) ([]wire.Stream, error) {
	streams, bytes := make([]wire.Stream, 0, len(todo)), 0
	for next := range slices.Chunk(todo, lookups) {
		some, err := s.states(ctx, next)
		if err != nil {
			return nil, err
		}
		for i := range some {
			if bytes += size(&some[i]); bytes > syncBytes && len(streams) > 0 {
				return streams, nil
			}
			streams = append(streams, some[i])
		}
	}
	return streams, nil
}

// wanted is a stream somebody is to be told about.
type wanted struct {
	*access
	head   stream.Head
	cursor id.Seq // how far the device has it,
	known  bool   // if it knows the stream at all
}

func (w *wanted) news() bool {
	if w.known {
		return w.moved(w.cursor, w.head)
	}
	return w.current(w.head)
}

// states tells how streams stand: with the entries behind the cursor where the
// device knows the stream, with the last one elsewhere.
func (s *Service) states(ctx context.Context, todo []wanted) ([]wire.Stream, error) {
	out := make([]wire.Stream, len(todo))
	return out, each(ctx, len(todo), func(ctx context.Context, i int) (err error) {
		w := &todo[i]
		if out[i], err = s.state(ctx, w.access, w.head); err != nil {
			return err
		}
		if w.known {
			return s.since(ctx, w.access, w.cursor, w.head, &out[i])
		}
		return s.last(ctx, w.access, w.head, &out[i])
	})
}

func streamsOf(all []access) []id.Stream {
	out := make([]id.Stream, len(all))
	for i := range all {
		out[i] = all[i].stream
	}
	return out
}

// current tells whether a device that does not know the stream should: it is
// the user's now, and one with another or with an app has a first message.
func (a *access) current(head stream.Head) bool {
	return a.left.Seq == 0 && (head.Seq > 0 || a.stream.Kind() != id.Direct && a.stream.Kind() != id.Service)
}

// moved tells whether there is something to say to a device that is at cursor.
// One beyond the head is told the true head, unless the user has left.
func (a *access) moved(cursor id.Seq, head stream.Head) bool {
	if a.left.Seq > 0 {
		return cursor < a.left.Seq
	}
	return cursor != head.Seq
}

// state is how a stream stands for the user, without entries.
func (s *Service) state(ctx context.Context, a *access, head stream.Head) (wire.Stream, error) {
	st := wire.Stream{
		Stream: a.stream.Name(), Kind: string(a.stream.Kind()),
		Head: int64(head.Seq), Count: head.Count, FloorSeq: int64(a.floor.Seq),
		Muted: a.set.Muted, Pinned: a.set.Pinned, Left: a.left.Seq > 0,
	}
	if err := s.ownRead(ctx, a, head); err != nil {
		return st, err
	}
	st.ReadSeq, st.Unread = int64(a.readHead().Seq), a.unread(head)
	return st, s.entitle(ctx, a, &st)
}

// entitle gives a stream its title, and what goes with it.
func (s *Service) entitle(ctx context.Context, a *access, st *wire.Stream) (err error) {
	switch a.stream.Kind() {
	case id.Direct:
		st.Peer = string(a.peer)
		st.Title, err = s.called(ctx, a.peer)
	case id.Group:
		g, err := s.settled(ctx, a.stream)
		if err != nil {
			return err
		}
		shown := g.wire(a.role(&g))
		st.Title, st.Group = g.Name, &shown
	case id.Service:
		_, app, _ := a.stream.Served()
		st.Peer = string(app)
		st.Title, err = s.opt.Apps.AppName(ctx, app)
		if errors.Is(err, fault.NotFound) { // it is gone or suspended; what was said stays
			st.Title, err = st.Peer, nil
		}
	default:
		st.Title = a.stream.Name()
	}
	return err
}

// role is the user's role in a group; "" for who has left.
func (a *access) role(g *Group) Role {
	if a.left.Seq > 0 {
		return ""
	}
	return g.roleOf(a.user)
}

// since fills in the entries behind a cursor: the newest, if there are many.
func (s *Service) since(ctx context.Context, a *access, cursor id.Seq, head stream.Head, st *wire.Stream) error {
	st.Entries = []wire.Entry{}
	from := max(cursor, a.floor.Seq) + 1
	if head.Seq-from >= syncEntries {
		from, st.Limited = head.Seq-syncEntries+1, true
	}
	if from > head.Seq {
		return s.last(ctx, a, head, st)
	}
	entries, err := s.log.Range(ctx, a.stream, from, head.Seq)
	if err != nil {
		return err
	}
	st.Entries = wire.EntriesOf(entries)
	if n := len(st.Entries); n > 0 {
		st.Last = &st.Entries[n-1]
	}
	return nil
}

// last fills in the newest entry the user may read.
func (s *Service) last(ctx context.Context, a *access, head stream.Head, st *wire.Stream) error {
	if !a.visible(head.Seq) {
		return nil
	}
	entries, err := s.log.Range(ctx, a.stream, head.Seq, head.Seq)
	if err != nil || len(entries) == 0 {
		return err
	}
	last := wire.EntryOf(entries[0])
	st.Last = &last
	return nil
}

// size is about how many bytes a stream takes in an answer.
func size(st *wire.Stream) int {
	n := 512
	for _, e := range st.Entries {
		n += 200 + len(e.Body)
	}
	return n
}
