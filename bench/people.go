package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/teahouse-im/teahouse/client"
)

const (
	device  = "bench"
	helpers = 32 // connects and HTTP calls under way at once
	batch   = 200
)

// apis are one HTTP client per node.
type apis struct{ of map[*server]*client.API }

func newAPIs(nodes []*server) (*apis, error) {
	a := &apis{map[*server]*client.API{}}
	for _, n := range nodes {
		api, err := client.NewAPI(client.Server{URL: "http://" + n.addr})
		if err != nil {
			return nil, err
		}
		a.of[n] = api
	}
	return a, nil
}

// token signs a person's bench device in, once per set of servers.
func (c *servers) token(ctx context.Context, person string) (string, error) {
	if t, ok := c.tokens.Load(person); ok {
		return t.(string), nil
	}
	t, err := c.signIn(ctx, person, device)
	if err == nil {
		c.tokens.Store(person, t)
	}
	return t, err
}

// signIn signs one device of a person in.
func (c *servers) signIn(ctx context.Context, person, device string) (string, error) {
	assertion, err := c.lab.key.assertion(person)
	if err != nil {
		return "", err
	}
	in, err := c.apis.of[c.node(person)].SignInByAssertion(ctx, assertion, device)
	if err != nil {
		return "", fmt.Errorf("sign %s in: %w", person, err)
	}
	return in.Token, nil
}

// signInAll signs people in; those who are already cost nothing.
func (c *servers) signInAll(ctx context.Context, people []string) error {
	c.lab.say.step("signing people in")
	return c.each(ctx, people, func(p string) error {
		_, err := c.token(ctx, p)
		return err
	})
}

// as is the HTTP API as a person.
func (c *servers) as(ctx context.Context, person string) (*client.API, error) {
	t, err := c.token(ctx, person)
	if err != nil {
		return nil, err
	}
	return c.apis.of[c.node(person)].As(t), nil
}

// each does something for each person, several at a time, and shows how far it is.
func (c *servers) each(ctx context.Context, people []string, do func(person string) error) error {
	return c.times(ctx, len(people), func(i int) error { return do(people[i]) })
}

// times does something n times, several at a time, and shows how far it is.
func (c *servers) times(ctx context.Context, n int, do func(i int) error) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	var once sync.Once
	var first error
	for range min(helpers, n) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					once.Do(func() { first = err })
					return
				}
				c.lab.say.count(i+1, n)
			}
		})
	}
	wg.Wait()
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// group makes a group of people, in batches; all of them must have signed in once.
func (c *servers) group(ctx context.Context, owner, name string, members []string) (string, error) {
	api, err := c.as(ctx, owner)
	if err != nil {
		return "", err
	}
	k := min(batch, len(members))
	g, err := api.CreateGroup(ctx, name, members[:k]...)
	if err != nil {
		return "", err
	}
	for i := k; i < len(members); i += batch {
		part := members[i:min(i+batch, len(members))]
		added, err := api.AddMembers(ctx, g.Stream, part...)
		if err != nil {
			return "", err
		}
		if len(added) != len(part) {
			return "", fmt.Errorf("added %d people of %d to %s", len(added), len(part), name)
		}
		c.lab.say.count(i+len(part), len(members))
	}
	return g.Stream, nil
}
