package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/node"
	"github.com/teahouse-im/teahouse/wire"
)

// laboratory is one that drives a real server in this process.
func laboratory(t *testing.T) *lab {
	t.Helper()
	dir := t.TempDir()
	key, err := makeSigner(dir)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Start(t.Context(), node.Config{
		Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", Data: t.TempDir(), Store: "pebble:", Bus: "memory:",
		Strangers: "allow", Limits: "off", SessionsPerUser: 10, SessionLife: time.Hour, GroupMembers: 1000, Friends: 1000, TextBytes: 8192,
		IdentityJWKS: key.jwks, IdentityIssuer: issuer, IdentityAudience: audience,
		RecallWindow: time.Minute, RecallWindowFiles: time.Minute, MediaBytes: 1 << 20, MediaPixels: 1 << 20, Heartbeat: 30 * time.Second, FramesPerSecond: 30, FramesBurst: 60, SendQueueBytes: 256 << 10,
		DrainWithin: 5 * time.Second,
	}, node.Extras{Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := n.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	l, err := newLab(Settings{
		Addr: []string{strings.TrimPrefix(n.URL, "http://")}, Keys: dir, Store: "pebble:", Bus: "memory:", Nodes: 1,
		Length: 300 * time.Millisecond, Warm: 100 * time.Millisecond, Size: 128,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// Each scenario runs, in small, on a real server and finds nothing lost.
func TestScenarios(t *testing.T) {
	l := laboratory(t)
	for _, s := range []scenario{
		&Pairs{Pairs: []int{3}},
		&Fanout{Members: []int{30}, Flying: 2},
		&Resume{Sessions: 12, Missed: 5},
		&Groupcost{Members: 20, Senders: 2, Flying: 2, Rounds: 2},
		&Timeline{Friends: []int{4, 12}, Likes: 3, Comments: 2, Flying: 2, Rounds: 1},
		&Post{Friends: []int{2, 15}, Online: 5, Rounds: 1, Singles: 4},
		&Presence{Watchers: []int{12}, People: 8, Changes: 2, Rate: 4, Crowd: 3e9},
		&Idle{Sessions: []int{10}, Settle: 100 * time.Millisecond},
		&Hot{Over: []int{1}, Senders: 4, Flying: 2},
	} {
		rs, err := s.measure(t.Context(), l)
		if err != nil {
			t.Fatalf("%s: %v", s.name(), err)
		}
		for _, r := range rs {
			if len(r.Void) > 0 || len(r.Figures) == 0 {
				t.Errorf("%s: %+v", s.name(), r)
			}
		}
	}
}

func TestReplayFindsEveryLogEqual(t *testing.T) {
	l := laboratory(t)
	rs, err := (&Replay{File: "testdata/tea", Rooms: 3, Seed: 7}).measure(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	r := rs[0]
	devices, _ := r.figure("devices")
	var none tally
	if devices < 12 || !strings.HasSuffix(none.verdict(0), ": equal byte for byte") || !strings.Contains(none.verdict(2), "2 conversations failed") {
		t.Errorf("%v devices compared; the verdicts are %q and %q", devices, none.verdict(0), none.verdict(2))
	}
	said, _ := r.figure("messages")
	logs, _ := r.figure("logs")
	if len(r.Void) > 0 || said != 24 || logs < 24 {
		t.Errorf("%+v", r)
	}
}

// A replay that finds nothing wrong with a wrong log would prove nothing.
func TestReplayTellsEveryDifference(t *testing.T) {
	e := func(seq int64, body string) wire.Entry {
		return wire.Entry{Stream: "s", Seq: seq, Count: seq, Kind: "text", From: "alice", ID: "x", Body: []byte(body)}
	}
	stored := []wire.Entry{e(1, `{"text":"a"}`), e(2, `{"text":"b"}`), e(3, `{"text":"c"}`)}
	for what, log := range map[string][]wire.Entry{
		"equal":       stored,
		"a byte":      {stored[0], e(2, `{"text": "b"}`), stored[2]},
		"one missing": {stored[0], stored[2]},
		"one twice":   {stored[0], stored[1], stored[1], stored[2]},
		"swapped":     {stored[1], stored[0], stored[2]},
		"one more":    {stored[0], stored[1], stored[2], e(4, "{}")},
	} {
		g := &gadget{name: "alice/phone", log: map[string][]wire.Entry{"s": log}}
		r := &room{script: &script{name: "tea"}, tally: &tally{}}
		err := r.same(t.Context(), g, map[string][]wire.Entry{"s": stored})
		if (err == nil) != (what == "equal") {
			t.Errorf("%s: %v", what, err)
		}
	}
	g := &gadget{log: map[string][]wire.Entry{"g-other": stored}}
	r := &room{script: &script{name: "tea"}, tally: &tally{}}
	if r.same(t.Context(), g, nil) == nil {
		t.Error("entries of a stream that the store does not have went unnoticed")
	}
	if err := r.asWritten(stored, []string{"a", "b", "c"}); err != nil {
		t.Error(err)
	}
	for _, said := range [][]string{{"a", "b"}, {"a", "b", "c", "d"}, {"a", "c", "b"}} {
		if r.asWritten(stored, said) == nil {
			t.Errorf("%q was taken for what is stored", said)
		}
	}
	if _, err := textBody([]string{"<茶>"}, 0); err != nil {
		t.Error(err)
	}
}
