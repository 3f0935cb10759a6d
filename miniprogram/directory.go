package miniprogram

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// The directory is one part in which apps stand under numbers 1, 2, 3 … in the
// order in which they were listed. Nothing in it changes, so a node reads each line
// once and searches in memory, and a search finds what was listed before it.
const (
	directory   = ledger.Part("apps")
	rowHead     = "head" // the last number
	underNumber = "app/" // number → listing
	underListed = "of/"  // app → number

	readAtOnce = 1000
)

type listing struct {
	App  id.App `json:"app"`
	Name string `json:"name"`
}

// enlist puts an app into the directory. It may be there.
func (s *Service) enlist(ctx context.Context, a id.App, name string) error {
	listed := underListed + string(a)
	return s.store.ChangePart(ctx, directory, ledger.Want{Keys: []string{rowHead, listed}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if v.Get(listed) != nil {
			return nil, nil
		}
		head, _, err := ledger.Read[int](v, rowHead)
		if err != nil {
			return nil, err
		}
		head++
		return ledger.Rows(rowHead, head, listed, head, fmt.Sprintf("%s%012d", underNumber, head), listing{a, name})
	})
}

// An index is what a node has read of the directory.
type index struct {
	mu    sync.Mutex
	upTo  string  // the key of the last line that was read
	lines []entry // in the order of their names
}

type entry struct {
	name string // folded
	app  id.App
}

func (e entry) compare(f entry) int {
	return cmp.Or(strings.Compare(e.name, f.name), strings.Compare(string(e.app), string(f.app)))
}

// entries reads on in the directory and returns all of it. What is returned is not changed.
func (s *Service) entries(ctx context.Context) ([]entry, error) {
	x := &s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	var more []entry
	upTo := x.upTo
	for {
		page, err := s.store.ListPart(ctx, directory, underNumber, upTo, readAtOnce)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			l, err := ledger.Decode[listing](r.Value)
			if err != nil {
				return nil, err
			}
			more, upTo = append(more, entry{fold(l.Name), l.App}), r.Key
		}
		if len(page) < readAtOnce {
			break
		}
	}
	if len(more) > 0 {
		lines := slices.Concat(x.lines, more)
		slices.SortFunc(lines, entry.compare)
		x.lines, x.upTo = slices.Compact(lines), upTo
	}
	return x.lines, nil
}

// Find searches apps by a part of their name, whatever its case and compatibility
// forms, in the order of names, a page at a time; all of them for "". next is ""
// on the last page, limit 0 the usual one. Suspended apps are left out. BadRequest.
func (s *Service) Find(ctx context.Context, q, cursor string, limit int) (page []App, next string, err error) {
	if limit, err = pageSize(limit); err != nil {
		return nil, "", err
	}
	lines, err := s.entries(ctx)
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		after, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		i, found := slices.BinarySearchFunc(lines, after, entry.compare)
		if found {
			i++
		}
		lines = lines[i:]
	}
	page, last := []App{}, entry{}
	q, now := fold(strings.TrimSpace(q)), s.now()
	for _, e := range lines {
		if !strings.Contains(e.name, q) {
			continue
		}
		if len(page) == limit {
			return page, last.cursor(), nil
		}
		a, err := s.App(ctx, string(e.app))
		if err != nil {
			return nil, "", err
		}
		if !a.Suspension.Holds(now) {
			page, last = append(page, a), e
		}
	}
	return page, "", nil
}

var cursorText = base64.RawURLEncoding.Strict()

// cursor is a place in the list as it is given out: a checksum, the app, the name.
func (e entry) cursor() string {
	line := string(e.app) + "/" + e.name
	return cursorText.EncodeToString(append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(line))), line...))
}

func parseCursor(s string) (entry, error) {
	raw, err := cursorText.DecodeString(s)
	app, name, _ := strings.Cut(string(raw[min(len(raw), 4):]), "/")
	e := entry{name, id.App(app)}
	if err != nil || e.cursor() != s {
		return entry{}, errCursor
	}
	return e, nil
}
