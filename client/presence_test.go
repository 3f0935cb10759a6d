package client

import (
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/wire"
)

// What a connection was told about presence, its successor is told again.
func TestPresenceHoldsAcrossConnections(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		defer c.Close()
		look := func(state string) wire.Watched {
			return wire.Watched{Presence: []wire.Presence{{User: "bob", State: state}, {User: "carol", State: "offline"}}}
		}
		answered := make(chan []wire.Presence)
		go func() {
			seen, err := c.Watch(t.Context(), "bob", "carol")
			if err != nil {
				t.Error(err)
			}
			if err := c.StatusText(t.Context(), "away", "back at four"); err != nil {
				t.Error(err)
			}
			answered <- seen
		}()
		r := v.expect("watch")
		if got := data[wire.Watch](t, r).Users; !slices.Equal(got, []string{"bob", "carol"}) {
			t.Errorf("watches %v", got)
		}
		v.reply(r, look("online"))
		r = v.expect("status")
		if got := data[wire.Status](t, r); got.State != "away" || got.Text == nil || *got.Text != "back at four" {
			t.Errorf("status %+v", got)
		}
		v.reply(r, wire.Empty{})
		if seen := <-answered; len(seen) != 2 || seen[0].State != "online" {
			t.Errorf("sees %+v", seen)
		}
		v.event("presence", wire.Presence{User: "bob", State: "away"})
		if e := next[PeerPresence](t, c); e.User != "bob" || e.State != "away" {
			t.Errorf("%+v", e)
		}
		v.event("feed", wire.FeedEvent{Author: "bob", Post: "p-1"})
		if e := next[MomentWaits](t, c); e.Author != "bob" || e.Post != "p-1" {
			t.Errorf("%+v", e)
		}
		v.close(0)

		v = p.welcome()
		r = v.expect("status")
		if got := data[wire.Status](t, r); got.State != "away" || got.Text != nil {
			t.Errorf("status %+v", got)
		}
		v.reply(r, wire.Empty{})
		r = v.expect("watch")
		if got := data[wire.Watch](t, r).Users; !slices.Equal(got, []string{"bob", "carol"}) {
			t.Errorf("watches %v", got)
		}
		v.reply(r, look("offline"))
		for _, want := range []string{"bob", "carol"} {
			if e := next[PeerPresence](t, c); e.User != want || e.State != "offline" {
				t.Errorf("%+v", e)
			}
		}
		v.close(0)
	})
}

// What was said for the whole user is not said again: another device may have said
// something else since.
func TestInvisibleIsSaidOnce(t *testing.T) {
	for _, state := range []string{"invisible", "active"} {
		inBubble(t, func(t *testing.T, p *peer) {
			c, v := p.open(p.options())
			defer c.Close()
			said := make(chan error)
			for _, s := range []string{"away", state} {
				go func() { said <- c.Status(t.Context(), s) }()
				r := v.expect("status")
				if got := data[wire.Status](t, r); got.State != s {
					t.Errorf("%+v", got)
				}
				v.reply(r, wire.Empty{})
				if err := <-said; err != nil {
					t.Fatal(err)
				}
			}
			v.close(0)
			v = p.welcome()
			go c.Ping(t.Context())
			v.reply(v.expect("ping"), wire.Pong{})
			v.close(0)
		})
	}
}

// A set that the server refuses is not asked for again.
func TestARefusedWatchIsForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		defer c.Close()
		refused := make(chan error)
		go func() {
			_, err := c.Watch(t.Context(), "bob")
			refused <- err
		}()
		v.refuse(v.expect("watch"), "bad_request", 0)
		if err := <-refused; err == nil {
			t.Error("it was not refused")
		}
		v.close(0)
		v = p.welcome()
		go c.Ping(t.Context())
		v.reply(v.expect("ping"), wire.Pong{})
		v.close(0)
	})
}
