package contact

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/id"
)

// A Tie is how two people stand to each other, as far as others' rules need it.
type Tie struct {
	Friends bool
	Blocks  bool // the one who is asked about blocks the other
	Blocked bool // and the other them
	// What each wrote about the other. It goes with the friendship.
	Mine, Theirs Switches
}

// Switches are what somebody wrote about a friend that decides what either sees.
type Switches struct {
	ChatOnly         bool
	HideMyMoments    bool
	HideTheirMoments bool
	Tags             []string
}

// A Tied is a friend with their tie, of which Theirs is left out.
type Tied struct {
	User id.User
	Tie
}

const (
	// tieReads bounds how many pages are read at a time for one answer.
	tieReads = 64
	// bookWorth is how many pages of one book are at least needed to read the whole of it.
	bookWorth = 256
)

// Ties are u's ties to others, in the order asked. Nothing is remembered: what
// was answered before on any node is seen.
func (s *Service) Ties(ctx context.Context, u id.User, others []id.User) ([]Tie, error) {
	return s.ties(ctx, u, others, true)
}

// Standings are Ties without Mine and Theirs, which costs half as much.
func (s *Service) Standings(ctx context.Context, u id.User, others []id.User) ([]Tie, error) {
	return s.ties(ctx, u, others, false)
}

func (s *Service) ties(ctx context.Context, u id.User, others []id.User, switches bool) ([]Tie, error) {
	mine, err := s.reader(ctx, u, len(others))
	if err != nil {
		return nil, err
	}
	out := make([]Tie, len(others))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(tieReads)
	for i, o := range others {
		if o == u {
			continue
		}
		g.Go(func() error {
			var err error
			out[i], err = s.tie(ctx, u, o, mine, switches)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) tie(ctx context.Context, u, o id.User, mine pageReader, switches bool) (Tie, error) {
	var own, theirs Relation
	var err error
	decides := lead(u, o).owner == u // u's page does
	if decides || switches {
		if own, err = mine(ctx, o); err != nil {
			return Tie{}, err
		}
	}
	if !decides || switches {
		if theirs, err = s.store.Relation(ctx, o, u); err != nil {
			return Tie{}, err
		}
	}
	if decides {
		return tieOf(own.Standing, &own, &theirs, switches), nil
	}
	return tieOf(theirs.turned(), &own, &theirs, switches), nil
}

// A pageReader reads pages of one book.
type pageReader func(context.Context, id.User) (Relation, error)

// reader reads pages of u's book: each by itself or, where many are needed, all at once.
func (s *Service) reader(ctx context.Context, u id.User, many int) (pageReader, error) {
	if many < bookWorth {
		return func(ctx context.Context, o id.User) (Relation, error) { return s.store.Relation(ctx, u, o) }, nil
	}
	pages, _, err := s.store.Book(ctx, u, 0)
	if err != nil {
		return nil, err
	}
	byUser := make(map[id.User]Relation, len(pages))
	for i := range pages {
		byUser[pages[i].Other] = pages[i]
	}
	return func(_ context.Context, o id.User) (Relation, error) { return byUser[o], nil }, nil
}

// tieOf is what the standing that was decided makes of two pages. A page that has
// not been told yet speaks of another friendship, or of none.
func tieOf(st Standing, own, theirs *Relation, switches bool) Tie {
	t := Tie{Friends: st.Friend, Blocks: !st.BlockedAt.IsZero(), Blocked: !st.BlockedBy.IsZero()}
	if switches && st.Friend {
		t.Mine, t.Theirs = own.switches(st.Bond), theirs.switches(st.Bond)
	}
	return t
}

func (r *Relation) switches(bond [16]byte) Switches {
	if r.Bond != bond {
		return Switches{}
	}
	return Switches{ChatOnly: r.ChatOnly, HideMyMoments: r.HideMyMoments, HideTheirMoments: r.HideTheirMoments, Tags: r.Tags}
}

// Friends are all of u's friends, by User, as u's own book has them: one read,
// and all that was answered before is in it.
func (s *Service) Friends(ctx context.Context, u id.User) ([]Tied, error) {
	pages, _, err := s.store.Book(ctx, u, 0)
	if err != nil {
		return nil, err
	}
	var out []Tied
	for i := range pages {
		if p := &pages[i]; p.Friend {
			out = append(out, Tied{p.Other, tieOf(p.Standing, p, &Relation{}, true)})
		}
	}
	return out, nil
}
