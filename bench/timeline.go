package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/client"
)

// Timeline measures a page of moments, read by people with few and with many friends.
type Timeline struct {
	Friends  []int `arg:"" optional:"" help:"How many friends the readers have, from few to many. Default: 10 500 5000."`
	Likes    int   `default:"5" help:"Likes of each moment on the page."`
	Comments int   `default:"3" help:"Comments on it."`
	Flying   int   `default:"2" help:"Pages that are read at once."`
	Rounds   int   `default:"3" help:"Rounds of each reader, in turn."`
}

const (
	pageMoments = 20 // on the page that is measured
	pageAuthors = 10 // of them, as far as the reader with the fewest friends has so many
)

// Run is the command.
func (s *Timeline) Run(c *Command) error { return c.run(s) }

func (s *Timeline) name() string { return "timeline" }

// A public is the readers of one timeline scenario. All have the same authors
// among their friends and so the same page, byte for byte; the other friends have
// posted before, so that who has many has a long timeline too.
type public struct {
	*servers
	friends []int
	readers []string // by friends
	authors []string
	others  []string
	page    []byte
}

func (s *Timeline) measure(ctx context.Context, l *lab) ([]Result, error) {
	p := &public{friends: slices.Clone(s.Friends)}
	if len(p.friends) == 0 {
		p.friends = []int{10, 500, 5000}
	}
	if l.Quick {
		for i, n := range p.friends {
			p.friends[i] = max(min(n, pageAuthors), n/10)
		}
	}
	if !slices.IsSorted(p.friends) || p.friends[0] < 2 {
		return nil, errors.New("the numbers of friends go from few, at least 2, to many")
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
	if err := s.furnish(ctx, p); err != nil {
		return nil, err
	}
	if err := p.calm(ctx); err != nil {
		return nil, err
	}
	return s.turns(ctx, p)
}

// furnish makes everybody, their friendships and their moments.
func (s *Timeline) furnish(ctx context.Context, p *public) error {
	l := p.lab
	p.readers = l.people("v", len(p.friends))
	p.authors = l.people("a", min(pageAuthors, p.friends[0]))
	p.others = l.people("f", slices.Max(p.friends)-len(p.authors))
	if err := p.signInAll(ctx, slices.Concat(p.readers, p.authors, p.others)); err != nil {
		return err
	}
	var of []pair
	for i, r := range p.readers {
		of = append(of, pairs(r, p.authors)...)
		of = append(of, pairs(r, p.others[:p.friends[i]-len(p.authors)])...)
	}
	for i, a := range p.authors {
		of = append(of, pairs(a, p.authors[:i])...)
	}
	if err := p.befriend(ctx, of); err != nil {
		return err
	}
	l.say.step("posting")
	if err := p.each(ctx, p.others, func(who string) error { _, err := p.share(ctx, who); return err }); err != nil {
		return err
	}
	var newest []string
	for i := range pageMoments + 1 {
		m, err := p.share(ctx, p.authors[i%len(p.authors)])
		if err != nil {
			return err
		}
		newest = append(newest, m.Post)
	}
	slices.Reverse(newest)
	l.say.step("liking and commenting")
	if err := p.times(ctx, len(newest), func(i int) error { return s.respond(ctx, p, newest[i], len(newest)-1-i) }); err != nil {
		return err
	}
	return p.agree(ctx, newest[:pageMoments], s)
}

// respond has the other authors like a moment, which is that of the number, and comment on it.
func (s *Timeline) respond(ctx context.Context, p *public, post string, number int) error {
	n := len(p.authors)
	for k := range max(s.Likes, s.Comments) {
		api, err := p.as(ctx, p.authors[(number+1+k%(n-1))%n])
		if err != nil {
			return err
		}
		if k < min(s.Likes, n-1) {
			if err := api.Like(ctx, post); err != nil {
				return err
			}
		}
		if k < s.Comments {
			if _, err := api.Comment(ctx, post, padding[:40], ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// agree waits until every reader's page is what it has to be, and expects that it
// is the same for all.
func (p *public) agree(ctx context.Context, newest []string, s *Timeline) error {
	p.lab.say.step("waiting for the timelines")
	likes := min(s.Likes, len(p.authors)-1)
	for _, r := range p.readers {
		var page []byte
		var bad error
		until(ctx, patience, func() int64 {
			if page, bad = p.timeline(ctx, r, pageMoments); bad == nil {
				bad = same(page, newest, likes, s.Comments)
			}
			if bad != nil {
				return 1
			}
			return 0
		})
		if bad != nil {
			return fmt.Errorf("the page of %s: %w", r, bad)
		}
		if p.page == nil {
			p.page = page
		}
		if !bytes.Equal(page, p.page) {
			return fmt.Errorf("the pages of %s and %s differ", r, p.readers[0])
		}
	}
	return ctx.Err()
}

// same compares a page with the moments that should be on it, each with so many likes and comments.
func same(page []byte, newest []string, likes, comments int) error {
	var got struct{ Items []client.Moment }
	if err := json.Unmarshal(page, &got, json.MatchCaseInsensitiveNames(true)); err != nil {
		return err
	}
	if len(got.Items) != len(newest) {
		return fmt.Errorf("has %d moments, not %d", len(got.Items), len(newest))
	}
	for i, m := range got.Items {
		if m.Post != newest[i] || len(m.Likes) != likes || len(m.Comments) != comments {
			return fmt.Errorf("moment %d is %s with %d likes and %d comments, not %s with %d and %d",
				i, m.Post, len(m.Likes), len(m.Comments), newest[i], likes, comments)
		}
	}
	return nil
}

// turns measures the readers in turn, the first to go changing each round.
func (s *Timeline) turns(ctx context.Context, p *public) ([]Result, error) {
	l := p.lab
	rounds := l.sized(s.Rounds, 2)
	spent := make([][]span, len(p.readers))
	took := make([]*hdrhistogram.Histogram, len(p.readers))
	var differ atomic.Int64
	for i := range took {
		took[i] = newLatencies()
	}
	for round := range rounds {
		for k := range p.readers {
			i := (round + k) % len(p.readers)
			sp, h, err := s.read(ctx, p, i, &differ)
			if err != nil {
				return nil, err
			}
			spent[i] = append(spent[i], sp)
			took[i].Merge(h)
		}
	}
	f, err := s.floor(p)
	if err != nil {
		return nil, err
	}
	var out []Result
	for i, n := range p.friends {
		r := l.result("timeline", n, len(p.nodes))
		r.pages(spent[i], spent[0], f)
		r.latency("page", took[i])
		if i == 0 {
			r.add("page_bytes", float64(len(p.page)))
		}
		if d := differ.Load(); d > 0 {
			r.void("%d pages differ from the first", d)
		}
		out = append(out, *r)
	}
	return out, nil
}

// read has one reader read its page, a few times at once.
func (s *Timeline) read(ctx context.Context, p *public, i int, differ *atomic.Int64) (span, *hdrhistogram.Histogram, error) {
	var g gauge
	var wg sync.WaitGroup
	var count atomic.Int64
	hs := make([]*hdrhistogram.Histogram, s.Flying)
	errs := make([]error, s.Flying)
	for k := range hs {
		hs[k] = newLatencies()
		wg.Go(func() {
			for !g.stop.Load() {
				start := clock()
				page, err := p.timeline(ctx, p.readers[i], pageMoments)
				if err != nil {
					errs[k] = err
					return
				}
				if count.Add(1); g.on.Load() {
					took(hs[k], start)
				}
				if !bytes.Equal(page, p.page) {
					differ.Add(1)
				}
			}
		})
	}
	sp, err := p.timed(ctx, &g, min(p.lab.Warm, p.lab.Length/4), p.lab.Length, fmt.Sprintf("timeline%d", p.friends[i]), count.Load)
	g.stop.Store(true)
	wg.Wait()
	return sp, merged(hs), errors.Join(append(errs, err)...)
}

// floor is what reading the rows of the page costs by itself, on the embedded path.
func (s *Timeline) floor(p *public) (floor, error) {
	if p.lab.path() != "embedded" {
		return floor{}, nil
	}
	p.lab.say.step("measuring the store's engine")
	e, err := p.lab.engine()
	if err != nil {
		return floor{}, err
	}
	defer e.close()
	n := len(p.authors)
	return e.page(leaf{posts: pageMoments + 1, acts: min(s.Likes, n-1) + s.Comments, points: 3 * n})
}

// pages puts in what pages cost, beside those of the reader with the fewest
// friends in the same rounds, and the floor.
func (r *Result) pages(mine, least []span, f floor) {
	sp := total(mine)
	r.add("per_s", float64(sp.count)/sp.seconds)
	r.cost(sp, "cpu_ms_page", 1000/float64(sp.count))
	if !measurable || least[0].cpu == 0 {
		return
	}
	if &mine[0] != &least[0] {
		ratios := make([]float64, len(mine))
		for i := range ratios {
			ratios[i] = mine[i].cpu / float64(mine[i].count) / (least[i].cpu / float64(least[i].count))
		}
		r.add("cpu_ratio", median(ratios))
	}
	if f.cpu > 0 {
		r.add("floor_cpu_ms", f.cpu)
		r.add("of_floor", sp.cpu*1000/float64(sp.count)/f.cpu)
	}
}
