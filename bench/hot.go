package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Hot measures several nodes that write into one group.
type Hot struct {
	Over    []int `arg:"" optional:"" help:"Over how many nodes the senders are spread, one after the other. Default: 1 2 4, as far as --nodes goes."`
	Senders int   `default:"16" help:"Senders in all."`
	Flying  int   `default:"16" help:"Messages of each under way at once."`
}

// Run is the command.
func (s *Hot) Run(c *Command) error { return c.run(s) }

func (s *Hot) name() string { return "hot" }

// measure starts all nodes once; the ones that are not written to stay idle.
func (s *Hot) measure(ctx context.Context, l *lab) ([]Result, error) {
	over := s.Over
	if len(over) == 0 {
		over = slices.DeleteFunc([]int{1, 2, 4}, func(n int) bool { return n > max(l.Nodes, len(l.Addr)) })
	}
	if most := slices.Max(over); most > max(l.Nodes, len(l.Addr)) || most > s.Senders {
		return nil, fmt.Errorf("%d nodes need --nodes %d and as many --senders", most, most)
	}
	l.fresh()
	st, err := l.newStore(ctx)
	if err != nil {
		return nil, err
	}
	c, err := l.open(ctx, st, l.Nodes)
	if err != nil {
		return nil, err
	}
	defer c.close()
	people := l.people("h", s.Senders)
	if err := c.signInAll(ctx, people); err != nil {
		return nil, err
	}
	var out []Result
	var alone float64
	for _, nodes := range over {
		group, err := c.group(ctx, people[0], fmt.Sprintf("hot over %d", nodes), people[1:])
		if err != nil {
			return out, err
		}
		r, err := s.over(ctx, c, people, group, nodes)
		if err != nil {
			return out, err
		}
		if rate, _ := r.figure("per_s"); nodes == 1 {
			alone = rate
		} else if alone > 0 {
			r.add("of_one_node", rate/alone)
		}
		out = append(out, *r)
	}
	return out, nil
}

// over spreads the senders over some of the nodes and measures.
func (s *Hot) over(ctx context.Context, c *servers, people []string, group string, nodes int) (*Result, error) {
	l := c.lab
	var t trouble
	conns := make([]*conn, len(people))
	defer func() { closeAll(conns) }()
	for i, p := range people {
		var err error
		if conns[i], err = c.dialAt(ctx, c.nodes[i%nodes], p, nil, nil); err != nil {
			return nil, err
		}
	}
	var g gauge
	b := bankOf(c, conns, &t)
	loops := make([]*loop, len(conns))
	for i := range loops {
		loops[i] = newLoop(&g, &t, always(toStream(group)), l.Size, s.Flying)
	}
	first, err := c.head(ctx, people[0], group)
	if err != nil {
		return nil, err
	}
	b.begin(loops)
	var from []int64
	sp, err := c.timed(ctx, &g, l.Warm, l.Length, fmt.Sprintf("hot%d", nodes), func() int64 {
		if from == nil {
			from = perNode(loops, nodes)
		}
		return sum(loops)
	})
	if err != nil {
		return nil, err
	}
	to := perNode(loops, nodes)
	left := finish(ctx, &g, loops, conns)
	last, err := c.head(ctx, people[0], group)
	if err != nil {
		return nil, err
	}
	r := l.result("hot", nodes, nodes)
	r.add("per_s", float64(sp.count)/sp.seconds)
	r.cost(sp, "cpu_per_1k", 1000/float64(sp.count))
	r.latency("ack", merged(acksOf(loops)))
	if nodes > 1 {
		for i := range to {
			to[i] -= from[i]
		}
		r.add("least_of_most", float64(slices.Min(to))/float64(slices.Max(to)))
	}
	if stored := last - first; stored != sum(loops) {
		r.void("%d entries stored, %d acknowledged", stored, sum(loops))
	}
	t.judge(r, left, conns)
	return r, nil
}

// perNode is how many messages were acknowledged through each node.
func perNode(loops []*loop, nodes int) []int64 {
	out := make([]int64, nodes)
	for i, p := range loops {
		out[i%nodes] += p.acked.Load()
	}
	return out
}

// head is how far a stream has come.
func (c *servers) head(ctx context.Context, person, stream string) (int64, error) {
	api, err := c.as(ctx, person)
	if err != nil {
		return 0, err
	}
	page, err := api.History(ctx, stream, 0, 1)
	if err == nil && page.Head == 0 {
		err = errors.New("the group has no entry")
	}
	return page.Head, err
}
