package chat

import (
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

const (
	// PageMost bounds the entries of one page of history.
	PageMost    = 200
	pageDefault = 50
)

// History reads a page: the entries behind After, those before Before, or the
// newest. A page holds what is the caller's to read and nothing else.
func (s *Service) History(ctx context.Context, u id.User, h wire.History) (wire.Page, error) {
	limit, err := pageLimit(h)
	if err != nil {
		return wire.Page{}, err
	}
	a, err := s.access(ctx, u, h.Stream)
	if err != nil {
		return wire.Page{}, err
	}
	head, err := s.head(ctx, &a)
	if err != nil {
		return wire.Page{}, err
	}
	var from, to id.Seq
	if h.After != nil {
		from = max(id.Seq(*h.After), a.floor.Seq) + 1
		to = min(from+limit-1, head.Seq)
	} else {
		to = head.Seq
		if h.Before != nil {
			to = min(to, id.Seq(*h.Before)-1)
		}
		from = max(to-limit+1, a.floor.Seq+1)
	}
	page := wire.Page{Entries: []wire.Entry{}, Head: int64(head.Seq)}
	if from > to {
		return page, nil
	}
	entries, err := s.log.Range(ctx, a.stream, from, to)
	if err != nil {
		return wire.Page{}, err
	}
	page.Entries = wire.EntriesOf(entries)
	return page, nil
}

// pageLimit checks the bounds of a page and returns how many entries it may hold.
func pageLimit(h wire.History) (id.Seq, error) {
	for pointer, seq := range map[string]*int64{"/before": h.Before, "/after": h.After} {
		if seq != nil && (*seq < 0 || *seq > int64(id.MaxSeq)) {
			return 0, fault.BadRequest.At(pointer, "is no position")
		}
	}
	switch {
	case h.Before != nil && h.After != nil:
		return 0, fault.BadRequest.Saying("Give either before or after.")
	case h.Limit == nil:
		return pageDefault, nil
	case *h.Limit < 1 || *h.Limit > PageMost:
		return 0, fault.BadRequest.At("/limit", fmt.Sprintf("is not between 1 and %d", PageMost))
	}
	return id.Seq(*h.Limit), nil
}
