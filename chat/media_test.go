package chat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// A shelf is uploads as chat has them, with what was noted.
type shelf struct {
	*media.Service
	during func(carrier string) // a note is written

	mu    sync.Mutex
	notes []string
	doubt error
}

func (l *shelf) Own(ctx context.Context, u id.User, name string) (chat.Medium, error) {
	m, carriers, err := l.Owned(ctx, u, name)
	out := chat.Medium{ID: m.ID, Type: m.Type, Size: m.Size, Width: m.Width, Height: m.Height, Duration: m.Duration}
	for _, c := range carriers {
		out.Noted = append(out.Noted, c.ID)
	}
	return out, err
}

func (l *shelf) Carry(ctx context.Context, m id.Media, carrier string) error {
	err := l.Service.Carry(ctx, m, media.Carrier{Kind: media.Message, ID: carrier})
	l.mu.Lock()
	l.notes = append(l.notes, carrier)
	during := l.during
	l.during = nil
	l.mu.Unlock()
	if during != nil {
		during(carrier)
	}
	return err
}

func (l *shelf) Doubt(ctx context.Context, m id.Media) error {
	if l.doubt != nil {
		return l.doubt
	}
	return l.Service.Doubt(ctx, m)
}

type witness struct{ h *house }

func (w witness) MayRead(ctx context.Context, u id.User, carrier string, m id.Media) (bool, error) {
	return w.h.chat.MayReadMedium(ctx, u, carrier, m)
}

func (w witness) Carries(ctx context.Context, carrier string, m id.Media) (bool, error) {
	return w.h.chat.Carries(ctx, carrier, m)
}

func openShelf(t *testing.T) (*house, *shelf) {
	t.Helper()
	l := &shelf{}
	h := open(t, func(o *chat.Options) { o.Media = l })
	files, err := blob.OpenFiles(t.TempDir())
	must(t, err)
	opt := media.DefaultOptions()
	opt.Now, opt.Temp = h.clock.Now, t.TempDir()
	l.Service = media.NewService(h.store, files, map[string]media.Witness{media.Message: witness{h}}, opt)
	return h, l
}

func (l *shelf) upload(t *testing.T, u id.User) id.Media {
	t.Helper()
	m, err := l.Upload(t.Context(), u, bytes.NewReader([]byte("some file")))
	must(t, err)
	return m.ID
}

func fileDraft(u id.User, st string, m id.Media) chat.Draft {
	body, err := json.Marshal(map[string]any{"media": m, "name": "a.txt", "size": 1})
	if err != nil {
		panic(err)
	}
	return chat.Draft{From: u, Send: wire.Send{Stream: st, MessageID: newID(), Kind: "file", Body: body}}
}

func (h *house) sees(l *shelf, u id.User, m id.Media) bool {
	h.t.Helper()
	_, err := l.Get(h.ctx, u, string(m))
	if err != nil && !errors.Is(err, fault.NotFound) {
		h.t.Fatal(err)
	}
	return err == nil
}

// Whoever hears of a message may load what it shows, in that moment: the note is
// there before. However much is said between the note and the message, it is found.
func TestAMessageIsNotedBeforeItIsThere(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob", "cat")
	g := h.group("ann", "bob", "cat")
	m := l.upload(t, "ann")
	d := fileDraft("ann", g, m)
	l.during = func(string) {
		if h.sees(l, "bob", m) {
			t.Error("it is seen before it is there")
		}
		for i := range 300 {
			h.say("bob", g, fmt.Sprint(i))
		}
	}
	heard := make(chan bool, 1)
	must(t, h.chat.Begin(h.ctx, d, func(_ wire.Sent, err error) {
		must(t, err)
		heard <- h.sees(l, "bob", m)
	}))
	if !<-heard {
		t.Error("the message is there, and what it shows cannot be seen")
	}
	for range 3 { // sent again, because the answer was lost
		if _, repeat, err := h.chat.Send(h.ctx, d); err != nil || !repeat {
			t.Fatalf("sent again: %v, %v", repeat, err)
		}
	}
	if !h.sees(l, "cat", m) || h.sees(l, "dan", m) {
		t.Error("a member does not see it, or a stranger does")
	}
	if e := h.history("bob", g)[0]; e.Kind == "file" {
		t.Fatal("the test expects more entries than a page")
	}
}

// Notes of messages that never came show nothing, to anybody.
func TestNotesWithoutAMessage(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	m := l.upload(t, "ann")
	d := fileDraft("ann", st, m)
	l.during = func(string) { panic("killed") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the note was not written")
			}
		}()
		_, _, _ = h.chat.Send(h.ctx, d)
	}()
	for _, c := range []string{
		l.notes[0], "", "a", "a/b/c/d", st + "/" + d.Send.MessageID + "/0", st + "/" + d.Send.MessageID + "/x/0", st + "/" + newID() + "/0/0",
		"g-unknown/" + newID() + "/0/0", "@contacts/ann/" + newID() + "/0/0", st + "/" + newID() + "/-5/0", st + "/" + newID() + "/9007199254740990/0",
	} {
		for _, u := range []id.User{"ann", "bob", "cat"} {
			if ok, err := h.chat.MayReadMedium(h.ctx, u, c, m); ok || err != nil {
				t.Errorf("%q shows it to %s: %v, %v", c, u, ok, err)
			}
		}
		if ok, err := h.chat.Carries(h.ctx, c, m); ok || err != nil {
			t.Errorf("%q carries it: %v, %v", c, ok, err)
		}
	}

	// A message of that id in another place, or one that shows something else, is not it.
	other := l.upload(t, "ann")
	d = fileDraft("ann", st, other)
	_, _, err := h.chat.Send(h.ctx, d)
	must(t, err)
	carrier := l.notes[len(l.notes)-1]
	if ok, _ := h.chat.Carries(h.ctx, carrier, other); !ok {
		t.Fatal("a message does not carry what it shows")
	}
	if ok, _ := h.chat.Carries(h.ctx, carrier, m); ok {
		t.Error("a message carries what it does not show")
	}
	h.clock.Advance(time.Hour)
	for i := range 20 {
		h.say("bob", st, fmt.Sprint(i))
	}
	if h.sees(l, "bob", m) {
		t.Error("a note without a message shows something")
	}
}

// What a recalled message showed is looked after again before anybody forgets
// which it was.
func TestARecallLeavesNothing(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	m := l.upload(t, "ann")
	sent, _, err := h.chat.Send(h.ctx, fileDraft("ann", st, m))
	must(t, err)
	l.doubt = fault.Unavailable
	_, err = h.chat.Recall(h.ctx, "ann", st, sent.Seq)
	refused(t, err, fault.Unavailable)
	if e := h.history("bob", st)[0]; e.Kind != "file" || !h.sees(l, "bob", m) {
		t.Errorf("it was taken back, and nothing leads to the file: %+v", e)
	}
	l.doubt = nil
	for range 2 {
		_, err = h.chat.Recall(h.ctx, "ann", st, sent.Seq)
		must(t, err)
	}
	if e := h.history("bob", st)[0]; e.Kind != string(stream.Recalled) || h.sees(l, "bob", m) {
		t.Errorf("%+v", e)
	}
	for range 80 {
		h.clock.Advance(time.Hour)
		must(t, l.Sweep(h.ctx))
	}
	if _, _, err := h.store.Medium(h.ctx, m); !errors.Is(err, media.ErrUnknown) {
		t.Errorf("it is kept: %v", err)
	}
}

// Messages with media count, are listed last, and stay while time passes.
func TestMediaMessagesAreMessages(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	m := l.upload(t, "ann")
	sent, _, err := h.chat.Send(h.ctx, fileDraft("ann", st, m))
	must(t, err)
	if sent.Count != 1 || h.state("bob", st).Unread != 1 || h.state("bob", st).Last.Kind != "file" {
		t.Errorf("%+v, %+v", sent, h.state("bob", st))
	}
	want := fmt.Sprintf(`{"media":"%s","name":"a.txt","size":9}`, m)
	if e := h.history("bob", st)[0]; string(e.Body) != want {
		t.Errorf("%s is stored, want %s", e.Body, want)
	}
	for range 80 {
		h.clock.Advance(time.Hour)
		must(t, l.Sweep(h.ctx))
	}
	if !h.sees(l, "bob", m) {
		t.Error("what a message shows is swept")
	}
	plain := open(t, nil)
	plain.befriend("ann", "bob")
	_, _, err = plain.chat.Send(plain.ctx, fileDraft("ann", st, m))
	refused(t, err, fault.BadRequest)
}

func (h *house) notes(m id.Media) int {
	h.t.Helper()
	_, carriers, err := h.store.Medium(h.ctx, m)
	must(h.t, err)
	return len(carriers)
}

// However often a message is sent again, it is noted once; one that was not stored
// is noted anew only when its note will soon be too old to lead to it.
func TestSentAgainIsNotedOnce(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	m := l.upload(t, "ann")
	d := fileDraft("ann", st, m)
	l.during = func(string) { panic("killed") }
	func() {
		defer func() { _ = recover() }()
		_, _, _ = h.chat.Send(h.ctx, d)
	}()
	h.clock.Advance(time.Minute)
	sent, repeat, err := h.chat.Send(h.ctx, d)
	if err != nil || repeat || h.notes(m) != 1 || !h.sees(l, "bob", m) {
		t.Fatalf("%v, %v, %d notes", repeat, err, h.notes(m))
	}
	for range 50 {
		h.clock.Advance(time.Hour)
		if again, repeat, err := h.chat.Send(h.ctx, d); err != nil || !repeat || again.Seq != sent.Seq {
			t.Fatalf("%+v, %v, %v", again, repeat, err)
		}
	}
	if n := h.notes(m); n != 1 {
		t.Errorf("%d notes of one message", n)
	}

	other := fileDraft("ann", st, m)
	l.during = func(string) { panic("killed") }
	func() {
		defer func() { _ = recover() }()
		_, _, _ = h.chat.Send(h.ctx, other)
	}()
	h.clock.Advance(time.Hour)
	h.say("bob", st, "meanwhile")
	sent, repeat, err = h.chat.Send(h.ctx, other)
	if err != nil || repeat || h.notes(m) != 3 {
		t.Fatalf("%v, %v, %d notes", repeat, err, h.notes(m))
	}
	if ok, err := h.chat.Carries(h.ctx, l.notes[len(l.notes)-1], m); !ok || err != nil {
		t.Errorf("the new note does not lead to %d: %v", sent.Seq, err)
	}
}

// A message is known by its id, taken back or not, also when what it showed is gone.
func TestSentAgainWithoutItsMedium(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	m, lost := l.upload(t, "ann"), l.upload(t, "ann")
	recalled, kept := fileDraft("ann", st, m), fileDraft("ann", st, lost)
	first, _, err := h.chat.Send(h.ctx, recalled)
	must(t, err)
	second, _, err := h.chat.Send(h.ctx, kept)
	must(t, err)
	_, err = h.chat.Recall(h.ctx, "ann", st, first.Seq)
	must(t, err)
	for range 80 {
		h.clock.Advance(time.Hour)
		must(t, l.Sweep(h.ctx))
	}
	must(t, h.store.DropMedium(h.ctx, lost, h.clock.Now())) // as a backup that is older than the streams
	if h.sees(l, "ann", m) || h.sees(l, "ann", lost) {
		t.Fatal("they are there")
	}
	before := h.history("bob", st)
	for _, c := range []struct {
		d    chat.Draft
		want wire.Sent
	}{{recalled, first}, {kept, second}} {
		again, repeat, err := h.chat.Send(h.ctx, c.d)
		if err != nil || !repeat || again.Seq != c.want.Seq {
			t.Errorf("%+v, %v, %v", again, repeat, err)
		}
	}
	change := func(d chat.Draft, f func(*chat.Draft)) chat.Draft {
		f(&d)
		return d
	}
	for name, d := range map[string]chat.Draft{
		"another name":   change(kept, func(d *chat.Draft) { d.Send.Body = bytes.Replace(d.Send.Body, []byte("a.txt"), []byte("b.txt"), 1) }),
		"another medium": change(kept, func(d *chat.Draft) { d.Send.Body = fileDraft("ann", st, id.NewMedia()).Send.Body }),
		"another kind": change(kept, func(d *chat.Draft) {
			d.Send.Kind, d.Send.Body = "voice", fmt.Appendf(nil, `{"media":%q,"duration_ms":1}`, lost)
		}),
		"another sender":   change(kept, func(d *chat.Draft) { d.From = "bob" }),
		"another's recall": change(recalled, func(d *chat.Draft) { d.From = "bob" }),
	} {
		if _, _, err := h.chat.Send(h.ctx, d); !errors.Is(err, stream.ErrReused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err = h.chat.Send(h.ctx, change(kept, func(d *chat.Draft) { d.Send.MessageID = newID() }))
	refused(t, err, fault.NotFound)
	if after := h.history("bob", st); len(after) != len(before) {
		t.Errorf("%d entries, %d before", len(after), len(before))
	}
}
