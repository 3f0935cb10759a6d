package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Post measures posting to few and to many friends.
type Post struct {
	Friends []int `arg:"" optional:"" help:"How many friends the authors have, from few to many. Default: 5 5000."`
	Online  int   `default:"200" help:"Friends who are online, of all: they are told of every post."`
	Rounds  int   `default:"3" help:"Rounds in which each author posts as fast as friends are told: CPU."`
	Singles int   `default:"60" help:"Single posts of each author, in turn, on a quiet server: how long they take."`
}

// Run is the command.
func (s *Post) Run(c *Command) error { return c.run(s) }

func (s *Post) name() string { return "post" }

const (
	// checked is how many of the last posts every timeline is looked through for.
	checked = 10
	// sampledReach is how many timelines are asked whether a post has come.
	sampledReach = 5
	// aftermath is for how long after the last post of a round CPU counts on.
	aftermath = 300 * time.Millisecond
	// apart is how long there is quiet between single posts.
	apart = 50 * time.Millisecond
)

// A press is the authors of one post scenario with the friends they share: who has
// few has the first of them.
type press struct {
	*servers
	t       trouble
	friends []int
	authors []string // by friends
	people  []string
	online  []*conn
	fans    []int // of the online people, how many are friends of each author

	mu    sync.Mutex
	heard map[string][]int64 // when hints at a post came
}

// An issue is what an author's posts came to.
type issue struct {
	spent              []span
	posts              []string // single ones
	ack, hint, reached *hdrhistogram.Histogram
	missed             int64 // hints that did not come
}

func (s *Post) measure(ctx context.Context, l *lab) ([]Result, error) {
	p := &press{friends: slices.Clone(s.Friends), heard: map[string][]int64{}}
	if len(p.friends) == 0 {
		p.friends = []int{5, 5000}
	}
	if l.Quick {
		for i, n := range p.friends {
			p.friends[i] = max(min(n, 5), n/10)
		}
	}
	if !slices.IsSorted(p.friends) || p.friends[0] < 1 {
		return nil, errors.New("the numbers of friends go from few to many")
	}
	l.fresh()
	st, err := l.newStore(ctx)
	if err != nil {
		return nil, err
	}
	if p.servers, err = l.open(ctx, st, l.Nodes); err != nil {
		return nil, err
	}
	defer p.close()
	if err := p.gather(ctx, s.Online); err != nil {
		return nil, err
	}
	defer closeAll(p.online)
	if err := p.calm(ctx); err != nil {
		return nil, err
	}
	return s.issues(ctx, p)
}

// gather makes authors and friends, and puts some of those on the air: of each
// author's about as many in a hundred, but at least one.
func (p *press) gather(ctx context.Context, online int) error {
	l := p.lab
	p.authors, p.people = l.people("p", len(p.friends)), l.people("f", slices.Max(p.friends))
	if err := p.signInAll(ctx, slices.Concat(p.authors, p.people)); err != nil {
		return err
	}
	var of []pair
	for i, a := range p.authors {
		of = append(of, pairs(a, p.people[:p.friends[i]])...)
	}
	if err := p.befriend(ctx, of); err != nil {
		return err
	}
	p.fans = make([]int, len(p.authors))
	var listen []string
	for k, step := 0, max(1, len(p.people)/max(1, online)); k < len(p.people); k += step {
		listen = append(listen, p.people[k])
		for i, n := range p.friends {
			if k < n {
				p.fans[i]++
			}
		}
	}
	var err error
	if p.online, err = p.dialAll(ctx, listen); err != nil {
		return err
	}
	for _, k := range p.online {
		k.serve(p.hint)
	}
	return nil
}

var postMark = []byte(`"post":"`)

// hint notes when a hint at a post came.
func (p *press) hint(c *conn, msg []byte) {
	_, rest, ok := bytes.Cut(msg, postMark)
	end := bytes.IndexByte(rest, '"')
	if !ok || end < 0 || !isEvent(msg, "feed") {
		p.t.heed(c, msg)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	post := string(rest[:end])
	p.heard[post] = append(p.heard[post], clock())
}

// issues measures the authors in turn, the first to go changing each round.
func (s *Post) issues(ctx context.Context, p *press) ([]Result, error) {
	l := p.lab
	all := make([]*issue, len(p.authors))
	for i := range all {
		all[i] = &issue{ack: newLatencies(), hint: newLatencies(), reached: newLatencies()}
	}
	for round := range l.sized(s.Rounds, 2) {
		for k := range p.authors {
			i := (round + k) % len(p.authors)
			if err := p.round(ctx, i, all[i]); err != nil {
				return nil, err
			}
		}
	}
	if err := p.singles(ctx, l.sized(s.Singles, checked), all); err != nil {
		return nil, err
	}
	for i, is := range all {
		last := is.posts[max(0, len(is.posts)-checked):]
		if err := p.everywhere(ctx, p.people[:p.friends[i]], last, len(all)*checked); err != nil {
			return nil, err
		}
	}
	return p.results(all)
}

// round has one author post for the measured time, each post when everybody online was told of the one before.
func (p *press) round(ctx context.Context, i int, is *issue) error {
	l := p.lab
	l.say.step(fmt.Sprintf("posting to %d friends", p.friends[i]))
	profiled := p.profile(l.Length, fmt.Sprintf("post%d", p.friends[i]))
	before := p.use()
	n := 0
	for ; time.Since(before.at) < l.Length; n++ {
		m, err := p.share(ctx, p.authors[i])
		if err != nil {
			return err
		}
		is.missed += p.told(ctx, m.Post, i, 0, nil)
		l.say.note("%d posts", n+1)
	}
	if err := wait(ctx, aftermath); err != nil {
		return err
	}
	sp := before.to(p.use())
	profiled()
	sp.count = int64(n)
	is.spent = append(is.spent, sp)
	return nil
}

// told waits until everybody online was told of a post, notes how long after its
// acknowledgement if h is given, and returns how many were not.
func (p *press) told(ctx context.Context, post string, i int, acked int64, h *hdrhistogram.Histogram) (missed int64) {
	var at []int64
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		p.mu.Lock()
		at = p.heard[post]
		p.mu.Unlock()
		if len(at) >= p.fans[i] || wait(ctx, time.Millisecond) != nil {
			break
		}
	}
	p.mu.Lock()
	delete(p.heard, post)
	p.mu.Unlock()
	for _, t := range at {
		if h != nil {
			_ = h.RecordValue(max(1, (t-acked)/1000))
		}
	}
	return int64(p.fans[i] - len(at))
}

// singles has the authors post n times each. Each goes before and after each
// other as often, so that all find the server in the same state.
func (p *press) singles(ctx context.Context, n int, all []*issue) error {
	p.lab.say.step("posting one by one")
	if err := p.calm(ctx); err != nil {
		return err
	}
	var samples [][]string
	for _, k := range p.friends {
		samples = append(samples, sampleOf(p.people[:k]))
	}
	p.lab.say.step("posting one by one")
	for round := range n {
		for k := range all {
			i := k
			if round%2 != 0 {
				i = len(all) - 1 - k
			}
			if err := p.single(ctx, i, samples[i], all[i]); err != nil {
				return err
			}
		}
		p.lab.say.count(round+1, n)
	}
	return nil
}

// sampleOf is some of people, the first and the last by name among them.
func sampleOf(people []string) (sample []string) {
	of := slices.Sorted(slices.Values(people))
	for k := range sampledReach {
		sample = append(sample, of[(len(of)-1)*(sampledReach-1-k)/(sampledReach-1)])
	}
	return slices.Compact(sample)
}

// single posts, and asks after it some friends' timelines until they have it.
func (p *press) single(ctx context.Context, i int, sample []string, is *issue) error {
	start := clock()
	m, err := p.share(ctx, p.authors[i])
	if err != nil {
		return err
	}
	acked := clock()
	took(is.ack, start)
	for _, who := range sample {
		if err := p.reaches(ctx, who, m.Post); err != nil {
			return err
		}
	}
	took(is.reached, acked)
	is.missed += p.told(ctx, m.Post, i, acked, is.hint)
	is.posts = append(is.posts, m.Post)
	return wait(ctx, apart)
}

// reaches asks for somebody's timeline until its newest moment is the post.
func (p *press) reaches(ctx context.Context, who, post string) error {
	for end := time.Now().Add(patience); ; {
		page, err := p.timeline(ctx, who, 1)
		switch {
		case err != nil:
			return err
		case bytes.Contains(page, []byte(post)):
			return nil
		case time.Now().After(end):
			return fmt.Errorf("%s has not reached the timeline of %s", post, who)
		}
		if err := wait(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// everywhere expects posts among the newest in everybody's timeline.
func (p *press) everywhere(ctx context.Context, people, posts []string, newest int) error {
	p.lab.say.step("looking through all timelines")
	return p.each(ctx, people, func(who string) error {
		page, err := p.timeline(ctx, who, newest)
		if err != nil {
			return err
		}
		for _, post := range posts {
			if !bytes.Contains(page, []byte(post)) {
				return fmt.Errorf("%s is not in the timeline of %s", post, who)
			}
		}
		return nil
	})
}

// results puts together what was measured, beside the store's engine on the embedded path.
func (p *press) results(all []*issue) ([]Result, error) {
	var out []Result
	for i, is := range all {
		r := p.lab.result("post", p.friends[i], len(p.nodes))
		sp := total(is.spent)
		r.add("per_s", float64(sp.count)/sp.seconds)
		r.cost(sp, "cpu_ms_post", 1000/float64(sp.count))
		r.latency("ack", is.ack)
		if i > 0 {
			r.add("ack_ratio", float64(is.ack.ValueAtPercentile(50))/float64(all[0].ack.ValueAtPercentile(50)))
		}
		r.latency("reached", is.reached)
		r.latency("hint", is.hint)
		r.add("hint_last_ms", float64(is.hint.Max())/1000)
		if p.lab.path() == "embedded" {
			if err := p.floor(r, p.friends[i]); err != nil {
				return nil, err
			}
		}
		p.t.judge(r, is.missed, p.online)
		out = append(out, *r)
	}
	return out, nil
}

// floor compares with what one synced batch of as many references costs.
func (p *press) floor(r *Result, n int) error {
	p.lab.say.step("measuring the store's engine")
	e, err := p.lab.engine()
	if err != nil {
		return err
	}
	defer e.close()
	f, err := e.spread(n)
	if err != nil {
		return err
	}
	floor := float64(f.took.ValueAtPercentile(50)) / 1000
	r.add("floor_ms", floor)
	r.add("floor_cpu_ms", f.cpu)
	if cpu, ok := r.figure("cpu_ms_post"); ok {
		r.add("of_floor", cpu/f.cpu)
	}
	if reached, ok := r.figure("reached_p50_ms"); ok {
		r.add("reached_of_floor", reached/math.Max(floor, 0.001))
	}
	return nil
}
