package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// want fails the test if a call failed.
func want[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, code fault.Code, err error) {
	t.Helper()
	if client.CodeOf(err) != code {
		t.Errorf("got %v, wanted %s", err, code)
	}
}

func TestAccountsOverHTTP(t *testing.T) {
	n := serve(t)
	api, tokens := join(t, n.URL, "alice", "bob")
	ctx, alice := t.Context(), api.As(tokens[0])
	_, err := api.SignUp(ctx, "alice", password, "Alice")
	refused(t, "user_taken", err)
	_, err = api.SignIn(ctx, "alice", "another password", "d1")
	refused(t, "unauthenticated", err)
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 401 || e.Message == "" {
		t.Errorf("%#v", err)
	}
	if p := want[client.Profile](t)(alice.Rename(ctx, "Alice L.")); p.DisplayName != "Alice L." || p.User != "alice" {
		t.Errorf("%+v", p)
	}
	if p := want[client.Profile](t)(api.As(tokens[1]).Profile(ctx, "alice")); p.DisplayName != "Alice L." {
		t.Errorf("%+v", p)
	}
	if p := want[client.Profile](t)(alice.Me(ctx)); p.User != "alice" || p.CreatedAt.IsZero() {
		t.Errorf("%+v", p)
	}
	second := api.As(signIn(t, api, "alice", "d2"))
	sessions := want[[]client.DeviceSession](t)(client.Collect(alice.Sessions(ctx)))
	if len(sessions) != 2 {
		t.Fatalf("%+v", sessions)
	}
	for _, s := range sessions {
		if !s.Current {
			must(t, alice.EndSession(ctx, s.Session))
		}
	}
	_, err = second.Me(ctx)
	refused(t, "unauthenticated", err)
	must(t, alice.ChangePassword(ctx, password, "an even longer password"))
	must(t, alice.SignOut(ctx))
	_, err = alice.Me(ctx)
	refused(t, "unauthenticated", err)
	want[client.SignedIn](t)(api.SignIn(ctx, "alice", "an even longer password", "d1"))
}

func TestContactsOverHTTP(t *testing.T) {
	n := serve(t)
	api, tokens := join(t, n.URL, "alice", "bob", "carol")
	ctx, alice, bob := t.Context(), api.As(tokens[0]), api.As(tokens[1])
	if s := want[string](t)(alice.RequestContact(ctx, "bob", "hello")); s != "pending" {
		t.Errorf("state %s", s)
	}
	asked := want[[]client.ContactRequest](t)(client.Collect(bob.ContactRequests(ctx)))
	if len(asked) != 1 || asked[0].From != "alice" || asked[0].Greeting != "hello" {
		t.Fatalf("%+v", asked)
	}
	must(t, bob.AcceptContact(ctx, "alice"))
	want[string](t)(api.As(tokens[2]).RequestContact(ctx, "bob", ""))
	must(t, bob.DeclineContact(ctx, "carol"))
	inc := want[client.Increment](t)(alice.Contacts(ctx, ""))
	if len(inc.Items) != 1 || inc.Items[0].User != "bob" {
		t.Fatalf("%+v", inc)
	}
	alias, tags := "Bobby", []string{"tea"}
	if f := want[client.Friend](t)(alice.ChangeContact(ctx, "bob", client.FriendChange{Alias: &alias, Tags: &tags})); f.Alias != alias || len(f.Tags) != 1 {
		t.Errorf("%+v", f)
	}
	must(t, alice.RemoveContact(ctx, "bob"))
	if inc = want[client.Increment](t)(alice.Contacts(ctx, inc.Version)); len(inc.Removed) != 1 || inc.Removed[0] != "bob" {
		t.Errorf("%+v", inc)
	}
	must(t, alice.Block(ctx, "bob"))
	if b := want[[]client.Blocked](t)(client.Collect(alice.Blocks(ctx))); len(b) != 1 || b[0].User != "bob" {
		t.Errorf("%+v", b)
	}
	_, err := bob.Post(ctx, client.Message{Stream: "d-alice~bob", Body: client.Text{Text: "hi"}})
	refused(t, "blocked", err)
	must(t, alice.Unblock(ctx, "bob"))
}

func TestConversationsAndGroupsOverHTTP(t *testing.T) {
	n := serve(t)
	api, tokens := join(t, n.URL, "alice", "bob", "carol")
	ctx, alice, bob := t.Context(), api.As(tokens[0]), api.As(tokens[1])
	direct := want[string](t)(alice.OpenDirect(ctx, "bob"))
	m := client.Message{ID: "0190163d-8694-739b-aea5-966c26f8ad91", Stream: direct, Body: client.Text{Text: "hello"}}
	sent := want[wire.Sent](t)(alice.Post(ctx, m))
	if again := want[wire.Sent](t)(alice.Post(ctx, m)); again != sent || sent.Seq != 1 {
		t.Errorf("sent %+v, then %+v", sent, again)
	}
	if p := want[wire.Page](t)(bob.History(ctx, direct, 0, 10)); p.Head != 1 || len(p.Entries) != 1 || p.Entries[0].ID != m.ID {
		t.Errorf("%+v", p)
	}
	if p := want[wire.Position](t)(bob.Read(ctx, direct, 1)); p.Seq != 1 || p.Unread != 0 {
		t.Errorf("%+v", p)
	}
	if seq := want[int64](t)(alice.Recall(ctx, direct, 1)); seq != 2 {
		t.Errorf("the recall is at %d", seq)
	}
	yes := true
	if c := want[wire.Conversation](t)(bob.Configure(ctx, direct, client.Settings{Muted: &yes})); !c.Muted || c.Peer != "alice" {
		t.Errorf("%+v", c)
	}
	if list := want[[]wire.Stream](t)(client.Collect(bob.Conversations(ctx))); len(list) != 1 || list[0].Stream != direct {
		t.Errorf("%+v", list)
	}

	g := want[wire.Group](t)(alice.CreateGroup(ctx, "Tea", "bob")).Stream
	if added := want[[]string](t)(alice.AddMembers(ctx, g, "carol")); len(added) != 1 {
		t.Errorf("added %v", added)
	}
	name := "Tea at four"
	if g := want[wire.Group](t)(alice.ChangeGroup(ctx, g, client.GroupChange{Name: &name})); g.Name != name || g.MemberCount != 3 {
		t.Errorf("%+v", g)
	}
	admin := "admin"
	must(t, alice.ChangeMember(ctx, g, "bob", client.MemberChange{Role: &admin}))
	must(t, alice.ChangeMember(ctx, g, "carol", client.MemberChange{Muted: &client.Mute{Until: time.Now().Add(time.Hour)}}))
	_, err := api.As(tokens[2]).Post(ctx, client.Message{Stream: g, Body: client.Text{Text: "hi"}})
	refused(t, "muted", err)
	must(t, alice.ChangeMember(ctx, g, "carol", client.MemberChange{Muted: &client.Mute{}}))
	want[wire.Sent](t)(api.As(tokens[2]).Post(ctx, client.Message{Stream: g, Body: client.Text{Text: "hi"}}))
	must(t, alice.TransferGroup(ctx, g, "bob"))
	if c := want[wire.Conversation](t)(alice.Conversation(ctx, g)); c.Group == nil || c.Owner != "bob" {
		t.Errorf("%+v", c)
	}
	must(t, bob.RemoveMember(ctx, g, "carol"))
	if ms := want[[]wire.Member](t)(client.Collect(bob.Members(ctx, g))); len(ms) != 2 || ms[0].User != "alice" || ms[0].Role != "admin" || ms[1].Role != "owner" {
		t.Errorf("%+v", ms)
	}
	must(t, bob.Dissolve(ctx, g))
	_, err = bob.Post(ctx, client.Message{Stream: g, Body: client.Text{Text: "hi"}})
	refused(t, "stream_closed", err)
	_, err = alice.Conversation(ctx, "g-nothing")
	refused(t, "not_found", err)
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("%v is not not_found", err)
	}
}
