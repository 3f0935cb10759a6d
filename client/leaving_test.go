package client_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/node"
	"github.com/teahouse-im/teahouse/wire"
)

// Whoever deletes their account is signed out on all devices at once, and their
// friends find a conversation with somebody who has left.
func TestDeletingAnAccount(t *testing.T) {
	n := serve(t)
	api, tokens := join(t, n.URL, "alice", "bob")
	alice, bob := api.As(tokens[0]), api.As(tokens[1])
	want[string](t)(alice.RequestContact(t.Context(), "bob", ""))
	must(t, bob.AcceptContact(t.Context(), "alice"))
	direct := want[string](t)(alice.OpenDirect(t.Context(), "bob"))
	want[wire.Sent](t)(alice.Post(t.Context(), client.Message{Stream: direct, Body: client.Text{Text: "so long"}}))
	phone := record(t, client.Options{Server: client.Server{URL: n.URL}, Token: tokens[0], Device: "d1"})
	desk := record(t, client.Options{Server: client.Server{URL: n.URL}, Token: signIn(t, api, "alice", "d2"), Device: "d2"})
	must(t, alice.DeleteAccount(t.Context()))
	for _, device := range []*recorder{phone, desk} {
		<-device.done
		if closed, ok := errors.AsType[*client.CloseError](device.Err()); !ok || closed.Code != wire.CloseSignedOut {
			t.Errorf("ended with %v", device.Err())
		}
	}
	refused(t, "unauthenticated", alice.DeleteAccount(t.Context()))
	_, err := bob.Profile(t.Context(), "alice")
	refused(t, "not_found", err)
	eventually(t, func() error {
		if left := want[client.Increment](t)(bob.Contacts(t.Context(), "")).Items; len(left) > 0 {
			return fmt.Errorf("bob's friends are %v", left)
		}
		return nil
	})
	if c := want[wire.Conversation](t)(bob.Conversation(t.Context(), direct)); c.Title != "alice" {
		t.Errorf("%+v", c)
	}
}

// Demo people can leave like others, and are not made anew at the next start.
func TestDemoPeopleWhoHaveLeft(t *testing.T) {
	n := serve(t)
	must(t, n.Demo(t.Context()))
	api := want[*client.API](t)(client.NewAPI(client.Server{URL: n.URL}))
	in := want[client.SignedIn](t)(api.SignIn(t.Context(), "bob", node.DemoPassword, "d1"))
	must(t, api.As(in.Token).DeleteAccount(t.Context()))
	alice := api.As(want[client.SignedIn](t)(api.SignIn(t.Context(), "alice", node.DemoPassword, "d1")).Token)
	eventually(t, func() error {
		for _, f := range want[client.Increment](t)(alice.Contacts(t.Context(), "")).Items {
			if f.User == "bob" {
				return errors.New("bob is still her friend")
			}
		}
		return nil
	})
	for c, err := range alice.Conversations(t.Context()) { // then the group would be made again
		must(t, err)
		if c.Group != nil {
			must(t, alice.RemoveMember(t.Context(), c.Stream, "alice"))
		}
	}
	must(t, n.Demo(t.Context()))
	_, err := api.SignIn(t.Context(), "bob", node.DemoPassword, "d1")
	refused(t, "unauthenticated", err)
}
