package main

import (
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// Who is around on one node is seen on the other, by those who may know, and not
// for long after that node has died.
func TestPresenceBetweenTwoNodes(t *testing.T) {
	nodes := cluster(t, server(t, "TEAHOUSE_TEST_REDIS"), 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob, eve := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "eve")
	befriend(t, ann, bob)
	bobs, eves := listen(t, bob), listen(t, eve)
	for _, e := range []*ears{bobs, eves} {
		seen, err := e.Watch(t.Context(), "ann")
		must(t, err)
		if len(seen) != 1 || seen[0].State != "offline" {
			t.Errorf("%s sees %+v", e.Welcome().User, seen)
		}
	}
	told := func(state string) {
		t.Helper()
		hear(t, bobs, "ann being "+state, func(p client.PeerPresence) bool { return p.User == "ann" && p.State == state })
		bobs.forget()
	}
	anns := listen(t, ann)
	told("online")
	must(t, anns.Status(t.Context(), "away"))
	told("away")
	must(t, ann.api.Block(t.Context(), "bob"))
	told("offline")
	must(t, ann.api.Unblock(t.Context(), "bob"))
	told("away")
	must(t, ann.api.SetPresenceVisible(t.Context(), "nobody"))
	told("offline")
	must(t, ann.api.SetPresenceVisible(t.Context(), "friends"))
	told("away")
	seen, err := bob.api.Presence(t.Context(), "ann")
	must(t, err)
	if seen[0].State != "away" {
		t.Errorf("over HTTP bob sees %+v", seen)
	}

	nodes[0].kill()
	began := time.Now()
	told("offline")
	t.Logf("a node that died was missed after %s", time.Since(began))
	eves.mu.Lock()
	defer eves.mu.Unlock()
	for _, event := range eves.heard {
		if p, ok := event.(client.PeerPresence); ok {
			t.Errorf("eve is told %+v", p)
		}
	}
}
