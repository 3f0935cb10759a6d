package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

const (
	rosterPage = 500
	// peopleAtOnce bounds how many of a group are looked at at once.
	peopleAtOnce = 8
	// shownMost bounds the tags that are remembered of one user; the oldest go.
	shownMost = 64
)

// A scene is a matter while it is looked at.
type scene struct {
	stream id.Stream
	*matter
	keys *vapid

	mu      sync.Mutex
	entries map[id.Seq]*stream.Entry // that were read; nil: not worth a push
}

// settle decides who is to be told what of a stream.
func (s *Service) settle(ctx context.Context, st id.Stream, m *matter) {
	if err := s.look(ctx, st, m); err != nil {
		s.wrong(fmt.Errorf("push of %s: %w", st.Kind(), err))
	}
}

func (s *Service) look(ctx context.Context, st id.Stream, m *matter) error {
	keys, err := s.keys.get(ctx)
	if err != nil {
		return err
	}
	sc := &scene{stream: st, matter: m, keys: keys, entries: map[id.Seq]*stream.Entry{}}
	whole := len(sc.hints) > 0 || len(sc.gone) > 0
	if whole && st.Kind() == id.Group {
		return s.group(ctx, sc)
	}
	_, err = s.people(ctx, sc, sc.concerned(whole))
	return err
}

// newest is the last of hints that leads to what is worth a push, and what it leads to.
func (s *Service) newest(ctx context.Context, sc *scene, hints []hint) (*hint, *stream.Entry, error) {
	for i := range slices.Backward(hints) {
		e, err := s.once(ctx, sc, hints[i].seq)
		if err != nil || e != nil {
			return &hints[i], e, err
		}
	}
	return nil, nil, nil
}

// once is entry, read once for all who are told of it.
func (s *Service) once(ctx context.Context, sc *scene, seq id.Seq) (*stream.Entry, error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if e, ok := sc.entries[seq]; ok {
		return e, nil
	}
	e, err := s.entry(ctx, sc.stream, seq)
	if err == nil {
		sc.entries[seq] = e
	}
	return e, err
}

// entry is what stands at a position, if it is worth a push now.
func (s *Service) entry(ctx context.Context, st id.Stream, seq id.Seq) (*stream.Entry, error) {
	found, err := s.ports.Log.Range(ctx, st, seq, seq)
	if err != nil || len(found) == 0 || !worth(&found[0]) {
		return nil, err
	}
	return &found[0], nil
}

// concerned are the people of a stream that is no group, or those who have read.
func (sc *scene) concerned(whole bool) (people []id.User) {
	if !whole {
		for u := range sc.reads {
			people = append(people, u)
		}
		return people
	}
	if a, b, ok := sc.stream.Pair(); ok && sc.stream.Kind() == id.Direct {
		return []id.User{a, b}
	}
	if u, ok := ownerOf(sc.stream); ok {
		return []id.User{u}
	}
	return nil
}

// group goes through a group's roster. One member's trouble is not the others'.
func (s *Service) group(ctx context.Context, sc *scene) error {
	begun := s.deserts.begin()
	desert := true
	var failed error
	for after := id.User(""); ; {
		page, err := s.ports.Desk.Roster(ctx, sc.stream, after, rosterPage)
		if err != nil {
			return err
		}
		some, err := s.people(ctx, sc, page)
		failed = cmp.Or(failed, err)
		desert = desert && !some
		if len(page) < rosterPage || ctx.Err() != nil {
			break
		}
		after = page[len(page)-1]
	}
	if desert && failed == nil {
		s.deserts.note(string(sc.stream), begun, s.opt.Wall())
	}
	return failed
}

// people looks at some of a stream, and tells whether any has a device.
func (s *Service) people(ctx context.Context, sc *scene, people []id.User) (some bool, err error) {
	has := make([]bool, len(people))
	var g errgroup.Group
	g.SetLimit(peopleAtOnce)
	for i, u := range people {
		if s.absent.has(string(u), s.opt.Wall()) {
			continue
		}
		g.Go(func() error {
			p, err := s.person(ctx, u)
			if err != nil || p == nil {
				return err
			}
			has[i] = true
			if err := s.withdraw(ctx, sc, u, p); err != nil {
				return err
			}
			return s.tell(ctx, sc, u, p)
		})
	}
	err = g.Wait()
	return slices.Contains(has, true), err
}

// withdraw takes from somebody's screens what they have read elsewhere, and what is gone.
func (s *Service) withdraw(ctx context.Context, sc *scene, u id.User, p *person) error {
	for tag, sh := range p.shown {
		if sh.Stream != sc.stream || sh.Seq > sc.reads[u] && !slices.Contains(sc.gone, sh.Seq) {
			continue
		}
		key := shownRow + tag
		err := s.store.ChangePart(ctx, userPart(u), ledger.Want{Keys: []string{key}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			var now shown
			if have := v.Get(key); have == nil || json.Unmarshal(have, &now) == nil && now.Seq > sh.Seq {
				return nil, nil
			}
			return []ledger.Row{{Key: key}}, nil
		})
		if err != nil {
			return err
		}
		delete(p.shown, tag)
		for _, d := range sh.Devices {
			s.enqueue(lane{u, d, tag}, parcel{stream: sc.stream, seq: sh.Seq, withdraw: true}, 0)
		}
	}
	return nil
}

// tell decides what somebody is told of a stream; of @notices for each app by itself.
func (s *Service) tell(ctx context.Context, sc *scene, u id.User, p *person) error {
	parts := map[string][]hint{}
	for _, h := range sc.hints {
		if h.from != id.Principal(u) && h.seq > sc.reads[u] && !slices.Contains(sc.gone, h.seq) {
			part := sc.part(&h)
			parts[part] = append(parts[part], h)
		}
	}
	if len(parts) == 0 || p.settings.Quiet.holds(s.now()) {
		return nil
	}
	devices, err := s.asleep(ctx, u, p)
	if err != nil || len(devices) == 0 {
		return err
	}
	v, err := s.ports.Desk.View(ctx, u, sc.stream)
	if err != nil {
		return unlessRefused(err)
	}
	for part, hints := range parts {
		if err := s.raise(ctx, sc, u, p, devices, &v, part, hints); err != nil {
			return err
		}
	}
	return nil
}

// part is what of a stream collapses together: of @notices what one app says, else all.
func (sc *scene) part(h *hint) string {
	if sc.stream.Name() == id.Notices {
		return string(h.from)
	}
	return ""
}

// unlessRefused is nil for what only says that something is not for somebody.
func unlessRefused(err error) error {
	if f := fault.From(err); f.Is(fault.Internal) || f.Is(fault.Unavailable) {
		return err
	}
	return nil
}

// asleep are the devices that can be woken and have no live session. Those that
// are signed in no more are let go of.
func (s *Service) asleep(ctx context.Context, u id.User, p *person) (out []id.Device, err error) {
	if err := s.letGo(ctx, u, p); err != nil {
		return nil, err
	}
	live, err := s.ports.Devices.Live(ctx, u)
	if err != nil {
		live = nil // a push too many does less harm than one too few
		s.wrong(fmt.Errorf("who is live: %w", err))
	}
	for d := range p.devices {
		if !slices.Contains(live, d) {
			out = append(out, d)
		}
	}
	return out, nil
}

// letGo forgets the devices that are signed in no more.
func (s *Service) letGo(ctx context.Context, u id.User, p *person) error {
	in, err := s.ports.Devices.SignedIn(ctx, u)
	if err != nil {
		return err
	}
	for d := range p.devices {
		if slices.Contains(in, d) {
			continue
		}
		if err := s.Forget(ctx, u, d); err != nil {
			return err
		}
		delete(p.devices, d)
		s.removed.Add(1)
	}
	return nil
}

// raise pushes the newest of hints that is to be pushed, if there is one.
func (s *Service) raise(ctx context.Context, sc *scene, u id.User, p *person, devices []id.Device, v *View, part string, hints []hint) error {
	hints = slices.DeleteFunc(hints, func(h hint) bool { return h.seq <= v.Read || v.Muted && !h.mentions(u) })
	last, e, err := s.newest(ctx, sc, hints)
	if err != nil || e == nil {
		return err
	}
	if app, ok := id.ParseApp(string(e.From)); ok {
		if silenced, err := s.ports.Apps.Silenced(ctx, u, app); err != nil || silenced {
			return err
		}
	}
	tag := sc.keys.tag(u, sc.stream, part)
	was := p.shown[tag]
	if was.Seq >= last.seq {
		return nil // another node was faster
	}
	now := shown{Stream: sc.stream, Seq: last.seq, Count: v.Unread, At: s.now(), Attempt: uuid.New(), Devices: union(was.Devices, devices)}
	if sc.stream.Kind() == id.Personal { // where nobody counts
		now.Count = was.Count + int64(len(hints))
	}
	if err := s.show(ctx, u, tag, now); err != nil {
		if errors.Is(err, errOvertaken) {
			return nil
		}
		return err
	}
	loud := sc.stream.Kind() == id.Direct || last.mentions(u)
	for _, d := range devices {
		s.enqueue(lane{u, d, tag}, parcel{stream: sc.stream, seq: last.seq, count: now.Count, title: v.Title, loud: loud}, 0)
	}
	return nil
}

var errOvertaken = errors.New("something newer is shown")

// show notes what is about to be shown, so that whoever reads it, on any node, can
// withdraw it. It is noted first: what is recalled in between is found there.
func (s *Service) show(ctx context.Context, u id.User, tag string, sh shown) error {
	key := shownRow + tag
	row, err := json.Marshal(sh)
	if err != nil {
		return err
	}
	return s.store.ChangePart(ctx, userPart(u), ledger.Want{Prefixes: []string{shownRow}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		rows := []ledger.Row{{Key: key, Value: row}}
		var old string
		var oldest time.Time
		for _, r := range v.Rows {
			var other shown
			if err := json.Unmarshal(r.Value, &other); err != nil {
				return nil, err
			}
			if r.Key == key && (other.Seq > sh.Seq || other.Seq == sh.Seq && other.Attempt != sh.Attempt) {
				return nil, errOvertaken
			}
			if r.Key != key && (old == "" || other.At.Before(oldest)) {
				old, oldest = r.Key, other.At
			}
		}
		if len(v.Rows) >= shownMost && v.Get(key) == nil {
			rows = append(rows, ledger.Row{Key: old})
		}
		return rows, nil
	})
}

func union(a, b []id.Device) []id.Device {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
