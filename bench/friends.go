package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// A pair is two people.
type pair [2]string

// pairs are one person with each of others.
func pairs(one string, others []string) []pair {
	out := make([]pair, len(others))
	for i, o := range others {
		out[i] = pair{one, o}
	}
	return out
}

// befriend makes friends of pairs the way people become friends: each asks for the
// other. All of them must have signed in once.
func (c *servers) befriend(ctx context.Context, of []pair) error {
	c.lab.say.step("making friends")
	return c.times(ctx, len(of), func(i int) error {
		a, b := of[i][0], of[i][1]
		if _, err := c.ask(ctx, a, b); err != nil {
			return err
		}
		state, err := c.ask(ctx, b, a)
		if err == nil && state != "friends" {
			err = fmt.Errorf("%s and %s asked for each other and are %q", a, b, state)
		}
		return err
	})
}

// ask asks for somebody's friendship. Many who ask for the same person at once may
// be told to come back: asking again is the same request.
func (c *servers) ask(ctx context.Context, from, to string) (state string, err error) {
	api, err := c.as(ctx, from)
	if err != nil {
		return "", err
	}
	for end := time.Now().Add(patience); ; {
		state, err = api.RequestContact(ctx, to, "")
		if client.CodeOf(err) != "unavailable" || time.Now().After(end) || wait(ctx, time.Second) != nil {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s asks for %s: %w", from, to, err)
	}
	return state, nil
}

// share posts a moment for all friends.
func (c *servers) share(ctx context.Context, author string) (client.Moment, error) {
	api, err := c.as(ctx, author)
	if err != nil {
		return client.Moment{}, err
	}
	m, err := api.Share(ctx, client.MomentDraft{Text: padding[:c.lab.Size]})
	if err != nil {
		return m, fmt.Errorf("%s posts: %w", author, err)
	}
	return m, nil
}

// pages are HTTP connections on which timelines are read without a look at what is in them.
var pages = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: helpers}}

// timeline reads the newest moments a person sees, as the server wrote them.
func (c *servers) timeline(ctx context.Context, person string, limit int) ([]byte, error) {
	token, err := c.token(ctx, person)
	if err != nil {
		return nil, err
	}
	url := "http://" + c.node(person).addr + "/v1/moments?limit=" + strconv.Itoa(limit)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := pages.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the timeline of %s: %s %.200s", person, resp.Status, page)
	}
	return page, err
}
