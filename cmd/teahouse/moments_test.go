package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// Ears are a live session that keeps every event.
type ears struct {
	*client.Client
	mu    sync.Mutex
	heard []client.Event
	more  chan struct{} // closed and made anew when something comes
	done  chan struct{}
}

func listen(t *testing.T, who *person) *ears {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Options{
		Server: who.server, Token: who.in.Token, Device: who.device, FromFloor: true,
		Backoff: client.Backoff{Min: 20 * time.Millisecond, Max: 300 * time.Millisecond},
	})
	must(t, err)
	e := &ears{Client: c, more: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(e.done)
		for event := range c.Events(context.Background()) {
			e.mu.Lock()
			e.heard = append(e.heard, event)
			close(e.more)
			e.more = make(chan struct{})
			e.mu.Unlock()
		}
	}()
	t.Cleanup(e.close)
	return e
}

func (e *ears) close() {
	_ = e.Close()
	<-e.done
}

// forget drops what was heard so far.
func (e *ears) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
}

// hear waits for an event, which may be there.
func hear[E client.Event](t *testing.T, e *ears, what string, is func(E) bool) E {
	t.Helper()
	deadline := time.After(patience)
	for from := 0; ; {
		e.mu.Lock()
		news, more := e.heard[from:], e.more
		from = len(e.heard)
		e.mu.Unlock()
		for _, event := range news {
			if found, ok := event.(E); ok && is(found) {
				return found
			}
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("%s is not heard", what)
		}
	}
}

// notice waits for an entry in @moments about a post.
func notice(t *testing.T, e *ears, kind, post, user string) {
	t.Helper()
	hear(t, e, kind+" by "+user, func(n client.NewEntry) bool {
		var body struct{ Post, User string }
		_ = json.Unmarshal(n.Body, &body)
		return n.Stream == "@moments" && n.Kind == kind && body.Post == post && body.User == user
	})
}

// timeline is what stands on somebody's, the newest first.
func timeline(t *testing.T, who *person) (posts []string) {
	t.Helper()
	all, err := client.Collect(who.api.Moments(t.Context()))
	must(t, err)
	for _, m := range all {
		posts = append(posts, m.Post)
	}
	return posts
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func share(t *testing.T, who *person, text string) string {
	t.Helper()
	m, err := who.api.Share(t.Context(), client.MomentDraft{Text: text})
	must(t, err)
	return m.Post
}

func unseen(t *testing.T, who *person, post string) {
	t.Helper()
	if _, err := who.api.Moment(t.Context(), post); !errors.Is(err, fault.NotFound) {
		t.Errorf("%s reads %s: %v", who.name, post, err)
	}
	if slices.Contains(timeline(t, who), post) {
		t.Errorf("%s has %s on the timeline", who.name, post)
	}
}

// What is shared on one node is hinted, seen, answered and noticed on the other,
// and what hides it there hides it here at once.
func TestMomentsBetweenTwoNodes(t *testing.T) {
	nodes := cluster(t, server(t, "TEAHOUSE_TEST_REDIS"), 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob, eve := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "eve")
	befriend(t, ann, bob)
	anns, bobs, eves := listen(t, ann), listen(t, bob), listen(t, eve)

	post := share(t, ann, "first flush")
	hear(t, bobs, "the hint", func(m client.MomentWaits) bool { return m.Post == post && m.Author == "ann" })
	eventually(t, func() error {
		if got := timeline(t, bob); !slices.Equal(got, []string{post}) {
			return fmt.Errorf("bob's timeline is %v", got)
		}
		return nil
	})
	must(t, bob.api.Like(t.Context(), post))
	notice(t, anns, "like", post, "bob")
	said, err := bob.api.Comment(t.Context(), post, "lovely", "")
	must(t, err)
	notice(t, anns, "comment", post, "bob")
	_, err = ann.api.Comment(t.Context(), post, "thanks", said.ID)
	must(t, err)
	notice(t, bobs, "comment", post, "ann")
	seen, err := bob.api.Moment(t.Context(), post)
	must(t, err)
	if len(seen.Likes) != 1 || len(seen.Comments) != 2 || seen.Audience != nil {
		t.Errorf("bob sees %+v", seen)
	}
	must(t, bob.api.Unlike(t.Context(), post))
	hear(t, anns, "undone", func(n client.NewEntry) bool { return n.Stream == "@moments" && n.Kind == "undone" })

	// Each switch takes effect on the other node with its answer.
	yes, no := true, false
	for range 3 {
		_, err = ann.api.ChangeContact(t.Context(), "bob", client.FriendChange{HideMyMoments: &yes})
		must(t, err)
		unseen(t, bob, post)
		_, err = ann.api.ChangeContact(t.Context(), "bob", client.FriendChange{HideMyMoments: &no})
		must(t, err)
		_, err = bob.api.Moment(t.Context(), post)
		must(t, err)
		must(t, ann.api.Block(t.Context(), "bob"))
		unseen(t, bob, post)
		must(t, ann.api.Unblock(t.Context(), "bob"))
		_, err = ann.api.SetAudience(t.Context(), post, client.Audience{Kind: "private"})
		must(t, err)
		unseen(t, bob, post)
		_, err = ann.api.SetAudience(t.Context(), post, client.Audience{Kind: "friends"})
		must(t, err)
		_, err = bob.api.Moment(t.Context(), post)
		must(t, err)
	}

	// Becoming friends brings what was there before.
	befriend(t, eve, ann)
	eventually(t, func() error {
		if got := timeline(t, eve); !slices.Equal(got, []string{post}) {
			return fmt.Errorf("eve's timeline is %v", got)
		}
		return nil
	})
	later := share(t, bob, "second flush")
	hear(t, anns, "bob's hint", func(m client.MomentWaits) bool { return m.Post == later })
	last := share(t, ann, "third flush")
	hear(t, eves, "ann's hint", func(m client.MomentWaits) bool { return m.Post == last })
	unseen(t, eve, later)
	must(t, ann.api.DeleteMoment(t.Context(), post))
	unseen(t, bob, post)
	unseen(t, eve, post)
	hear(t, bobs, "undone", func(n client.NewEntry) bool { return n.Stream == "@moments" && n.Kind == "undone" })
}

// circle makes an author with friends, all at one server.
func circle(t *testing.T, s client.Server, friends int) (author *person, others []*person) {
	t.Helper()
	author = join(t, s, "ann")
	for i := range friends {
		f := join(t, s, fmt.Sprintf("friend%d", i))
		befriend(t, author, f)
		others = append(others, f)
	}
	return author, others
}

// poster posts one moment after the other, again if it has to, until told to
// stop. What it returns was acknowledged.
func poster(t *testing.T, who *person, stop <-chan struct{}, tell func()) (acked []string) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return acked
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		m, err := who.api.Share(ctx, client.MomentDraft{Text: fmt.Sprint("moment ", n)})
		cancel()
		if err == nil {
			acked = append(acked, m.Post)
			tell()
			continue
		}
		select { // the server is away
		case <-stop:
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// whole waits until everybody's timeline has all that was acknowledged, and
// checks that all have the same and nothing twice: what was not acknowledged is
// there for all of them or for none.
func whole(t *testing.T, acked []string, author *person, others []*person) {
	t.Helper()
	var want []string
	eventually(t, func() error {
		want = timeline(t, author)
		for _, who := range others {
			if got := timeline(t, who); !slices.Equal(got, want) {
				return fmt.Errorf("%s has %d of %d moments", who.name, len(got), len(want))
			}
		}
		return nil
	})
	there := map[string]bool{}
	for _, p := range want {
		if there[p] {
			t.Errorf("%s is there twice", p)
		}
		there[p] = true
	}
	for _, p := range acked {
		if !there[p] {
			t.Errorf("%s was acknowledged and is gone", p)
		}
	}
	t.Logf("%d moments, %d of them acknowledged, on %d timelines", len(want), len(acked), len(others)+1)
}

// A server that is killed at any time between a moment and the timelines of
// friends finishes when it is back.
func TestKilledBetweenPostAndTimelines(t *testing.T) {
	p := launch(t, "--data", t.TempDir())
	author, others := circle(t, client.Server{URL: p.url}, 5)
	acked := crowdOf(t, author, 3, func(more func(int)) {
		for range 8 {
			more(5)
			p.kill()
			p.start()
		}
		more(5)
		p.kill()
		p.start()
	})
	whole(t, acked, author, others)
}

// A node that dies is finished for by another one.
func TestAnotherNodeFinishesTimelines(t *testing.T) {
	nodes := cluster(t, server(t, "TEAHOUSE_TEST_REDIS"), 2)
	author, others := circle(t, either(nodes[0], nodes[1]), 5)
	for _, who := range others {
		who.api = at(t, who, client.Server{URL: nodes[1].url})
	}
	acked := crowdOf(t, author, 3, func(more func(int)) {
		for range 3 {
			more(5)
			nodes[0].kill()
			more(5) // at the other one
			nodes[0].start()
		}
		more(5)
		nodes[0].kill()
	})
	author.api = at(t, author, client.Server{URL: nodes[1].url})
	whole(t, acked, author, others)
}

// at is somebody's sign-in at another server.
func at(t *testing.T, who *person, s client.Server) *client.API {
	t.Helper()
	api, err := client.NewAPI(s)
	must(t, err)
	return api.As(who.in.Token)
}

// crowdOf lets somebody post several at a time while something happens to the
// servers. more waits for that many further acknowledgements.
func crowdOf(t *testing.T, author *person, posters int, happen func(more func(int))) (acked []string) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	stop, tick := make(chan struct{}), make(chan struct{}, 1000)
	for range posters {
		wg.Go(func() {
			got := poster(t, author, stop, func() { tick <- struct{}{} })
			mu.Lock()
			defer mu.Unlock()
			acked = append(acked, got...)
		})
	}
	happen(func(n int) {
		deadline := time.After(patience)
		for range n {
			select {
			case <-tick:
			case <-deadline:
				t.Error("no moment was acknowledged for a minute")
			}
		}
	})
	close(stop)
	wg.Wait()
	return acked
}
