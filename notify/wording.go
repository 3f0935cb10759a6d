package notify

import (
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Wording is how people read what is said under a version of a template, for
// grant.Options. A version never changes, so neither does this.
func (s *Service) Wording(ctx context.Context, t id.Template, version int, data grant.Values, state string) (grant.Wording, error) {
	of, err := s.handedIn(ctx, t, version)
	if err != nil {
		return grant.Wording{}, fmt.Errorf("find version %d of %s: %w", version, t, err)
	}
	return grant.Wording{Params: of.read(data), State: of.StateLabels[state]}, nil
}

// read gives values their labels, in the order of the template.
func (d *Draft) read(data grant.Values) []grant.Param {
	params := make([]grant.Param, 0, len(data))
	for _, p := range d.Params {
		if value, there := data[p.Key][p.Type]; there {
			params = append(params, grant.Param{Key: p.Key, Label: p.Label, Type: p.Type, Value: value})
		}
	}
	return params
}

// locked is how people read what was locked in a grant; a window has nothing.
func (s *Service) locked(ctx context.Context, g *grant.Grant) ([]grant.Param, error) {
	if g.Scope == grant.Window {
		return nil, nil
	}
	words, err := s.Wording(ctx, g.Template, g.Version, g.Locked, "")
	return words.Params, err
}

// A Granted is a grant as its user sees it.
type Granted struct {
	grant.Grant
	Params []grant.Param // what is locked
}

// MyGrants are those of u's that something may still come of. next is "" on the
// last page; limit 0 is the usual one. fault.BadRequest.
func (s *Service) MyGrants(ctx context.Context, u id.User, cursor string, limit int) (page []Granted, next string, err error) {
	if limit, err = bounded(limit); err != nil {
		return nil, "", err
	}
	grants, next, err := s.book.Grants(ctx, u, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	page = make([]Granted, len(grants))
	for i, g := range grants {
		page[i].Grant = g
		if page[i].Params, err = s.locked(ctx, &g); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

// A Reason is where a notice comes from: the grant with the user's own act, and
// the sheet as it was shown.
type Reason struct {
	Notice grant.Notice
	Words  grant.Wording // of the notice; of an answer in a window none
	Grant  grant.Grant
}

// Why tells where a notice comes from. fault.NotFound: u was never shown it.
func (s *Service) Why(ctx context.Context, u id.User, notice string) (r Reason, err error) {
	if r.Notice, r.Grant, err = s.book.Why(ctx, u, notice); err != nil || r.Notice.Template == "" {
		return r, err
	}
	n := &r.Notice
	if r.Words, err = s.Wording(ctx, n.Template, n.Version, n.Data, n.State); err != nil {
		return Reason{}, err
	}
	if r.Grant.Sheet != nil {
		r.Grant.Sheet.Params, err = s.locked(ctx, &r.Grant)
	}
	return r, err
}
