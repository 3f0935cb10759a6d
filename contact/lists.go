package contact

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	limitUsual = 50
	limitMost  = 200
)

type (
	// Incoming is a request that waits for an answer.
	Incoming struct {
		From     id.User
		Greeting string
		At       time.Time
	}
	// Blocked is one line of a list of blocks.
	Blocked struct {
		User id.User
		At   time.Time
	}
)

// Requests are the requests that wait for u's answer, the newest first, a page at
// a time. Those of people u blocks are left out. next is "" on the last page;
// limit 0 is the usual one. BadRequest.
func (s *Service) Requests(ctx context.Context, u id.User, cursor string, limit int) (page []Incoming, next string, err error) {
	lines, next, err := s.list(ctx, u, cursor, limit, func(r *Relation) time.Time {
		if r.Asked == nil || !r.BlockedAt.IsZero() {
			return time.Time{}
		}
		return r.Asked.At
	})
	page = make([]Incoming, len(lines))
	for i, l := range lines {
		page[i] = Incoming{From: l.Other, Greeting: l.Asked.Greeting, At: l.Asked.At}
	}
	return page, next, err
}

// Blocks are the people u blocks, the latest first, a page at a time as for Requests.
func (s *Service) Blocks(ctx context.Context, u id.User, cursor string, limit int) (page []Blocked, next string, err error) {
	lines, next, err := s.list(ctx, u, cursor, limit, func(r *Relation) time.Time { return r.BlockedAt })
	page = make([]Blocked, len(lines))
	for i, l := range lines {
		page[i] = Blocked{User: l.Other, At: l.BlockedAt}
	}
	return page, next, err
}

// list pages through those of u's pages that have a time, the latest first.
func (s *Service) list(ctx context.Context, u id.User, cursor string, limit int, at func(*Relation) time.Time) ([]Relation, string, error) {
	if limit == 0 {
		limit = limitUsual
	}
	if limit < 0 || limit > limitMost {
		return nil, "", fault.BadRequest.Saying(fmt.Sprintf("limit is from 1 to %d.", limitMost))
	}
	after, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	pages, _, err := s.book(ctx, u)
	if err != nil {
		return nil, "", err
	}
	lines := slices.DeleteFunc(pages, func(r Relation) bool {
		s.finish(ctx, u, &r)
		t := at(&r)
		return t.IsZero() || cursor != "" && after.compare(place{t, r.Other}) >= 0
	})
	slices.SortFunc(lines, func(a, b Relation) int {
		return place{at(&a), a.Other}.compare(place{at(&b), b.Other})
	})
	if len(lines) <= limit {
		return lines, "", nil
	}
	last := &lines[limit-1]
	return lines[:limit], place{at(last), last.Other}.cursor(), nil
}

// A place is where a line stands in a list.
type place struct {
	at   time.Time
	user id.User
}

func (p place) compare(q place) int { return cmp.Or(q.at.Compare(p.at), cmp.Compare(p.user, q.user)) }

var cursorText = base64.RawURLEncoding.Strict()

// cursor is a place as it is given out: a checksum, the time, the user.
func (p place) cursor() string {
	text := strconv.FormatInt(p.at.UnixMilli(), 36) + "~" + string(p.user)
	return cursorText.EncodeToString(append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))), text...))
}

func parseCursor(s string) (place, error) {
	if s == "" {
		return place{}, nil
	}
	raw, err := cursorText.DecodeString(s)
	millis, user, _ := strings.Cut(string(raw[min(len(raw), 4):]), "~")
	u, ok := id.ParseUser(user)
	at, numErr := strconv.ParseInt(millis, 36, 64)
	p := place{time.UnixMilli(at).UTC(), u}
	if err != nil || numErr != nil || !ok || p.cursor() != s {
		return place{}, fault.BadRequest.Saying("This is no cursor of this list.")
	}
	return p, nil
}
