package chat_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// stand is the one app there is, and what it was told.
type stand struct {
	app id.App

	mu      sync.Mutex
	blocked bool
	deaf    bool
	heard   []uuid.UUID
}

func (s *stand) AppName(_ context.Context, a id.App) (string, error) {
	if a != s.app {
		return "", fault.NotFound
	}
	return "Noodles", nil
}

var errBlocked = fault.New("blocked", "")

func (s *stand) MayWrite(context.Context, id.User, id.App) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return errBlocked
	}
	return nil
}

func (s *stand) Wrote(_ context.Context, u id.User, a id.App, msg uuid.UUID, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf || u != "ann" || a != s.app {
		return fault.Unavailable
	}
	s.heard = append(s.heard, msg)
	return nil
}

func withApp(t *testing.T) (*house, *stand, string) {
	apps := &stand{app: id.NewApp()}
	h := open(t, func(o *chat.Options) { o.Apps = apps })
	h.join("ann", "bob")
	st, err := h.chat.OpenDirect(h.ctx, "ann", string(apps.app))
	must(t, err)
	return h, apps, st
}

// A user writes to an app in a conversation of their own, which appears with the
// first message, under the app's name.
func TestWriteToAnApp(t *testing.T) {
	h, apps, st := withApp(t)
	if st != string(id.ServiceStream("ann", apps.app)) {
		t.Fatalf("the conversation is %s", st)
	}
	if all, _, err := h.chat.Conversations(h.ctx, "ann", "", 10); err != nil || len(all) != 0 {
		t.Fatalf("before anything was said: %v, %v", all, err)
	}
	h.say("ann", st, "is anybody there?")
	sent, _, err := h.chat.Send(h.ctx, chat.Draft{From: "ann", Send: wire.Send{To: string(apps.app), MessageID: newID(), Kind: "text", Body: text("hello")}})
	must(t, err)
	if sent.Stream != st || sent.Seq != 2 {
		t.Errorf("sent to %+v", sent)
	}
	if len(apps.heard) != 2 {
		t.Errorf("the app heard of %v", apps.heard)
	}
	s := h.state("ann", st)
	if s.Kind != "service" || s.Title != "Noodles" || s.Peer != string(apps.app) || s.Unread != 0 {
		t.Errorf("it stands as %+v", s)
	}
	if got := h.texts("ann", st); !slices.Equal(got, []string{"is anybody there?", "hello"}) {
		t.Errorf("history: %v", got)
	}
}

// An app's answer counts as unread until it is read.
func TestAnswerIsUnread(t *testing.T) {
	h, apps, st := withApp(t)
	h.say("ann", st, "hello")
	_, err := h.seq.Append(h.ctx, id.Stream(st), stream.Draft{
		ID: uuid.Must(uuid.NewV7()), Kind: chat.Text, From: id.Principal(apps.app), Body: text("yes?"), Countable: true,
	})
	must(t, err)
	if s := h.state("ann", st); s.Unread != 1 {
		t.Errorf("unread: %d", s.Unread)
	}
	_, err = h.chat.Read(h.ctx, "ann", wire.Read{Stream: st, Seq: ptr(int64(2))})
	must(t, err)
	if s := h.state("ann", st); s.Unread != 0 || s.ReadSeq != 2 {
		t.Errorf("after reading: %+v", s)
	}
}

// A message is acknowledged only when its app was told; sending it again tells it.
func TestAppIsToldBeforeTheAnswer(t *testing.T) {
	h, apps, st := withApp(t)
	apps.deaf = true
	d := chat.Draft{From: "ann", Send: wire.Send{Stream: st, MessageID: newID(), Kind: "text", Body: text("hello")}}
	_, _, err := h.chat.Send(h.ctx, d)
	refused(t, err, fault.Unavailable)
	begun := make(chan error, 1)
	must(t, h.chat.Begin(h.ctx, d, func(_ wire.Sent, err error) { begun <- err }))
	refused(t, <-begun, fault.Unavailable)
	apps.mu.Lock()
	apps.deaf = false
	apps.mu.Unlock()
	must(t, h.chat.Begin(h.ctx, d, func(_ wire.Sent, err error) { begun <- err }))
	must(t, <-begun)
	if len(apps.heard) != 1 || len(h.history("ann", st)) != 1 {
		t.Errorf("heard %v, stored %v", apps.heard, h.history("ann", st))
	}
}

// Nobody else knows of the conversation, and there is none with what is no app.
func TestServiceChatIsPrivate(t *testing.T) {
	h, apps, st := withApp(t)
	h.say("ann", st, "hello")
	_, err := h.trySay("bob", st, "me too")
	refused(t, err, fault.NotFound)
	_, err = h.chat.History(h.ctx, "bob", wire.History{Stream: st})
	refused(t, err, fault.NotFound)
	_, err = h.chat.OpenDirect(h.ctx, "ann", string(id.NewApp()))
	refused(t, err, fault.NotFound)
	_, err = h.trySay("ann", string(id.ServiceStream("ann", id.NewApp())), "hello")
	refused(t, err, fault.NotFound)
	apps.mu.Lock()
	apps.blocked = true
	apps.mu.Unlock()
	_, err = h.trySay("ann", st, "after the block")
	refused(t, err, errBlocked)
	_, _, err = h.chat.Send(h.ctx, chat.Draft{From: "ann", Send: wire.Send{Stream: st, MessageID: newID(), Kind: "text", Body: []byte(`{"text":"x","mentions":["bob"]}`)}})
	refused(t, err, errBlocked)
}

// A card shows a page of an app that exists.
func TestAppCard(t *testing.T) {
	h, apps, _ := withApp(t)
	h.befriend("eve", "max")
	send := func(body string) error {
		_, _, err := h.chat.Send(h.ctx, chat.Draft{From: "eve", Send: wire.Send{To: "max", MessageID: newID(), Kind: "app_card", Body: []byte(body)}})
		return err
	}
	must(t, send(`{"app":"`+string(apps.app)+`","title":"Our queue","page":"/queue?no=17"}`))
	for _, bad := range []string{
		`{"app":"app-x","title":"t","page":"/"}`, `{"app":"` + string(apps.app) + `","title":"","page":"/"}`,
		`{"app":"` + string(apps.app) + `","title":"t","page":"https://evil.example"}`, `{"app":"` + string(apps.app) + `","title":"t","page":"//evil"}`,
		`{"app":"` + string(apps.app) + `","title":"t","page":"/../x"}`,
	} {
		refused(t, send(bad), fault.BadRequest)
	}
	refused(t, send(`{"app":"`+string(id.NewApp())+`","title":"t","page":"/"}`), fault.NotFound)
}
