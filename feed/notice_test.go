package feed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

func TestTheAuthorHearsOfAll(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "tell me", forFriends)
	h.like("bea", p)
	h.like("ann", p)
	c := h.say("dov", p, "dov was here", "")
	h.say("ann", p, "thanks", c)
	equal(t, h.heard("ann"), []string{"like bea", "comment dov dov was here"})
	equal(t, h.heard("cyd"), nil)
	entries, err := h.store.Range(ctx(h), id.PersonalStream(id.Moments, "dov"), 1, 10)
	good(t, err)
	want := fmt.Sprintf(`"user":"ann","text":"thanks","reply_to":{"id":%q,"user":"dov"}}`, c)
	if len(entries) != 1 || !strings.HasPrefix(string(entries[0].Body), fmt.Sprintf(`{"post":%q,"id":"c-`, p)) || !strings.HasSuffix(string(entries[0].Body), want) || entries[0].From != "ann" || entries[0].Count != 0 {
		t.Fatalf("dov hears %+v", entries)
	}
	h.quiet()
}

func TestTakingPartMeansHearingOfFriends(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	h.say("cyd", p, "too early", "")
	h.like("bea", p)
	dov := h.say("dov", p, "unseen by bea", "")
	h.say("ann", p, "ann to dov", dov)
	h.say("cyd", p, "for bea", "")
	h.say("ann", p, "for all", "")
	equal(t, h.heard("bea"), []string{"comment cyd for bea", "comment ann for all"})
	equal(t, h.heard("cyd"), []string{"comment ann for all"})
	equal(t, h.heard("dov"), []string{"comment ann ann to dov", "comment ann for all"})
	equal(t, h.heard("ann"), []string{"comment cyd too early", "like bea", "comment dov unseen by bea", "comment cyd for bea"})
	// Who takes the like back takes no part any more.
	good(t, h.Unlike(ctx(h), "bea", string(p)))
	h.say("cyd", p, "for nobody", "")
	equal(t, h.heard("bea"), []string{"comment cyd for bea", "comment ann for all"})
	h.quiet()
}

// Whoever may not see at the moment something is said does not hear of it, even
// if that changes before it would be told.
func TestWhoMayNotSeeHearsNothing(t *testing.T) {
	h := cast(t)
	yes, no := true, false
	p := h.post("ann", "now you see me", forFriends)
	h.like("bea", p)
	h.say("cyd", p, "one", "")
	for _, switched := range []func(on bool){
		func(on bool) {
			h.change("ann", "bea", contact.FriendChange{HideMyMoments: pick(on, &yes, &no)})
		},
		func(on bool) {
			h.change("bea", "ann", contact.FriendChange{HideTheirMoments: pick(on, &yes, &no)})
		},
		func(on bool) { h.block("cyd", "bea", on) },
	} {
		switched(true)
		_, err := h.Comment(ctx(h), "cyd", string(p), "hidden", "")
		good(t, err)
		switched(false)
		h.Settled()
	}
	h.say("cyd", p, "three", "")
	equal(t, h.heard("bea"), []string{"comment cyd one", "comment cyd three"})
	h.quiet()
}

func TestUndoingWithdraws(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	h.like("bea", p)
	c := h.say("cyd", p, "oops", "")
	h.say("bea", p, "an answer", c)
	h.say("bea", p, "staying", "")
	equal(t, h.heard("bea"), []string{"comment cyd oops"})
	good(t, h.Unlike(ctx(h), "bea", string(p)))
	h.unsay("cyd", p, c)
	equal(t, h.heard("ann"), []string{"comment bea staying"}) // the answer went with what it answered
	equal(t, h.heard("bea"), nil)
	equal(t, h.heard("cyd"), []string{"comment bea staying"})
	threads, err := h.store.Threads(ctx(h), []id.Post{p})
	good(t, err)
	if n := len(threads[0].Acts); n != 3 { // a like taken back, which counts its turns, and two comments
		t.Fatalf("%d acts are kept: %+v", n, threads[0].Acts)
	}
	// Each turn of a like is told and withdrawn for itself, also if they come at once.
	for range 5 {
		good(t, h.Like(ctx(h), "bea", string(p)))
		good(t, h.Unlike(ctx(h), "bea", string(p)))
		good(t, h.Like(ctx(h), "bea", string(p)))
		h.Settled()
		equal(t, h.heard("ann"), []string{"comment bea staying", "like bea"})
		good(t, h.Unlike(ctx(h), "bea", string(p)))
		good(t, h.Like(ctx(h), "bea", string(p)))
		h.Settled()
		equal(t, h.heard("ann"), []string{"comment bea staying", "like bea"})
		good(t, h.Unlike(ctx(h), "bea", string(p)))
		h.Settled()
		equal(t, h.heard("ann"), []string{"comment bea staying"})
	}
	h.quiet()
}

// Whoever looks after the answer has heard of what was done, or finds it withdrawn.
func TestTheAnswerComesAfterTheNotices(t *testing.T) {
	h := cast(t)
	h.opt.Courtesy = time.Hour
	s := h.node(h.store, h.seq, h.store)
	p := h.draft("ann", feed.Draft{Text: "x", Audience: forFriends, Mentions: []string{"bea"}}).ID
	good(t, s.Like(ctx(h), "bea", string(p)))
	equal(t, h.heard("ann"), []string{"like bea"})
	c, err := s.Comment(ctx(h), "cyd", string(p), "hello", "")
	good(t, err)
	equal(t, h.heard("bea"), []string{"mention ann", "comment cyd hello"})
	good(t, s.DeleteComment(ctx(h), "cyd", string(p), string(c.ID)))
	equal(t, h.heard("bea"), []string{"mention ann"})
	good(t, s.Delete(ctx(h), "ann", string(p)))
	equal(t, h.heard("ann"), nil)
	equal(t, h.heard("bea"), nil)
	h.quiet()
}

func TestMentions(t *testing.T) {
	h := cast(t)
	yes := true
	mention := func(a feed.Audience, who ...string) []id.User {
		t.Helper()
		m := h.draft("ann", feed.Draft{Text: "x", Audience: a, Mentions: who})
		again, err := h.Get(ctx(h), "ann", string(m.ID))
		good(t, err)
		equal(t, again.Mentions, m.Mentions)
		return m.Mentions
	}
	equal(t, mention(forFriends, "bea", "bea", "ann", "eve"), []id.User{"bea"})
	equal(t, mention(only("cyd"), "bea"), nil)
	equal(t, mention(forNobody, "bea"), nil)
	equal(t, h.heard("bea"), []string{"mention ann"})
	h.change("ann", "cyd", contact.FriendChange{HideMyMoments: &yes})
	equal(t, mention(forFriends, "cyd"), nil)
	equal(t, h.heard("cyd"), nil)
	// That dov chose to see nothing is not told by a mention that is dropped.
	h.change("dov", "ann", contact.FriendChange{HideTheirMoments: &yes})
	equal(t, mention(forFriends, "dov"), []id.User{"dov"})
	equal(t, h.heard("dov"), nil)
	equal(t, h.heard("eve"), nil)
	h.quiet()
}

func TestMuting(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	h.like("bea", p)
	for _, u := range []id.User{"ann", "bea"} {
		good(t, h.MuteAbout(ctx(h), u, string(p)))
		good(t, h.MuteAbout(ctx(h), u, string(p)))
	}
	h.say("cyd", p, "one", "")
	equal(t, h.heard("ann"), []string{"like bea"})
	equal(t, h.heard("bea"), nil)
	if m := h.sees("ann", p); len(m.Likes) != 1 || len(m.Comments) != 1 {
		t.Fatalf("%+v", m)
	}
	good(t, h.UnmuteAbout(ctx(h), "ann", string(p)))
	good(t, h.UnmuteAbout(ctx(h), "bea", string(p)))
	h.say("cyd", p, "two", "")
	equal(t, h.heard("ann"), []string{"like bea", "comment cyd two"})
	equal(t, h.heard("bea"), []string{"comment cyd two"})
	h.quiet()
}

// A slow node stops before it writes the first notice.
type slow struct {
	feed.Entries
	first            sync.Once
	arrived, proceed chan struct{}
}

func (s *slow) Append(ctx context.Context, st id.Stream, d stream.Draft) (stream.Receipt, error) {
	s.first.Do(func() {
		close(s.arrived)
		<-s.proceed
	})
	return s.Entries.Append(ctx, st, d)
}

// A notice that one node is about to write is withdrawn by another: nobody ever reads it.
func TestANoticeThatComesLate(t *testing.T) {
	h := cast(t)
	for i, undo := range []func(p id.Post){
		func(p id.Post) { good(t, h.Unlike(ctx(h), "bea", string(p))); h.Settled() },
		func(p id.Post) { h.del("ann", p) },
	} {
		late := &slow{Entries: h.seq, arrived: make(chan struct{}), proceed: make(chan struct{})}
		node := h.node(h.store, late, h.store)
		p := h.post("ann", "x", forFriends)
		good(t, node.Like(ctx(h), "bea", string(p)))
		<-late.arrived
		undo(p)
		close(late.proceed)
		node.Settled()
		h.advance(time.Hour)
		h.Sweep(ctx(h))
		equal(t, h.heard("ann"), nil)
		entries, err := h.store.Range(ctx(h), id.PersonalStream(id.Moments, "ann"), 1, 10)
		good(t, err)
		if len(entries) != i+1 || entries[i].Kind != stream.Recalled {
			t.Fatalf("ann has %+v", entries)
		}
		h.quiet()
	}
}

// A held store stops after it noted a first notice.
type held struct {
	feed.Store
	first            sync.Once
	arrived, proceed chan struct{}
}

func (s *held) PutTold(ctx context.Context, p id.Post, told []feed.Told) error {
	err := s.Store.PutTold(ctx, p, told)
	s.first.Do(func() {
		close(s.arrived)
		<-s.proceed
	})
	return err
}

// What was undone before a node that noted a notice looks again is not written.
func TestANoticeThatIsNotWritten(t *testing.T) {
	h := cast(t)
	for _, undo := range []func(p id.Post){
		func(p id.Post) { good(t, h.Unlike(ctx(h), "bea", string(p))); h.Settled() },
		func(p id.Post) { h.del("ann", p) },
	} {
		store := &held{Store: h.store, arrived: make(chan struct{}), proceed: make(chan struct{})}
		node := h.node(store, h.seq, h.store)
		p := h.post("ann", "x", forFriends)
		good(t, node.Like(ctx(h), "bea", string(p)))
		<-store.arrived
		undo(p)
		close(store.proceed)
		node.Settled()
		h.advance(time.Hour)
		h.Sweep(ctx(h))
		equal(t, h.heard("ann"), nil)
		told, err := h.store.ToldOf(ctx(h), p)
		good(t, err)
		equal(t, told, nil)
		h.quiet()
	}
}

func TestASweepLeavesAloneWhatIsYoung(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	young := feed.Mark{ID: id.NewEntry(h.clock()), Post: p}
	unborn := feed.Mark{ID: id.NewEntry(h.clock()), Post: id.NewPost(h.clock())}
	marks := func() int {
		t.Helper()
		n := 0
		for shard := range feed.Shards {
			found, err := h.store.Marks(ctx(h), shard, 10)
			good(t, err)
			n += len(found)
		}
		return n
	}
	for _, m := range []feed.Mark{young, unborn} {
		_, err := h.store.ChangeAct(ctx(h), m.Post, feed.ActKey{Kind: feed.Mute, ID: "bea"}, m, func(a *feed.Act) error {
			a.On, a.From = true, "bea"
			return nil
		})
		good(t, err)
	}
	for _, step := range []struct {
		wait time.Duration
		left int
	}{{0, 2}, {4 * time.Second, 2}, {2 * time.Second, 1}, {time.Minute, 1}, {time.Minute, 0}} {
		h.advance(step.wait)
		h.Sweep(ctx(h))
		if n := marks(); n != step.left {
			t.Fatalf("after %v more there are %d marks, want %d", step.wait, n, step.left)
		}
	}
}

// A service that begins finishes at once what others left, and goes on looking.
func TestRun(t *testing.T) {
	h := cast(t)
	k := &cut{h: h}
	h.opt.Failed = func(error) {}
	dead := h.node(cutStore{h.store, k}, k, k)
	leave := func() id.Post {
		t.Helper()
		k.left = 2
		p, err := dead.Post(ctx(h), "ann", feed.Draft{Text: "x", Audience: forFriends})
		good(t, err)
		dead.Settled()
		if slices.Contains(ids(h.timeline("bea", 0)), p.ID) {
			t.Fatal("it was not cut off")
		}
		return p.ID
	}
	h.opt.Failed = h.failed
	run := func(every time.Duration) (stop func()) {
		h.opt.SweepEvery = every
		s := h.node(h.store, h.seq, h.store)
		running, cancel := context.WithCancel(ctx(h))
		ended := make(chan struct{})
		go func() { defer close(ended); s.Run(running) }()
		return func() { cancel(); <-ended }
	}
	arrives := func(p id.Post, wait time.Duration) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !slices.Contains(ids(h.timeline("bea", 0)), p); time.Sleep(time.Millisecond) {
			if h.advance(wait); time.Now().After(end) {
				t.Fatal("it was not finished")
			}
		}
	}
	p := leave()
	stop := run(time.Hour)
	arrives(p, 0)
	stop()
	stop = run(time.Millisecond)
	arrives(leave(), time.Second)
	stop()
	h.quiet()
}
