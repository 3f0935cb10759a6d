package moderation

import (
	"context"
	"fmt"
	"strconv"

	"github.com/teahouse-im/teahouse/id"
)

// An AuditQuery says which rows are wanted; "" is any.
type AuditQuery struct {
	Actor       string
	Action      string
	SubjectKind string
	SubjectID   string
}

func (q *AuditQuery) wants(r *Row) bool {
	return (q.Actor == "" || q.Actor == r.Actor) && (q.Action == "" || q.Action == r.Action) &&
		(q.SubjectKind == "" || q.SubjectKind == r.Subject.Kind) && (q.SubjectID == "" || q.SubjectID == r.Subject.ID)
}

const (
	pageDefault = 50
	pageMost    = 200
	// scannedMost bounds the rows that are looked at for one page of the audit.
	scannedMost = 4096
)

// pageSize bounds a limit; 0 is the default.
func pageSize(limit int) int {
	if limit <= 0 {
		return pageDefault
	}
	return min(limit, pageMost)
}

// Audit lists rows, the newest first. For a rare query a page may be short, or empty,
// and still have a next one: each looks at so many rows and no more. A row that
// cannot be read any more is shown with its place and nothing else.
func (s *Service) Audit(ctx context.Context, q AuditQuery, cursor string, limit int) (page []Row, next string, err error) {
	limit = pageSize(limit)
	var upTo id.Seq // the first that is not yet listed
	if cursor != "" {
		text, ok := parseCursor(cursor)
		n, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil || n < 1 {
			return nil, "", errCursor
		}
		upTo = id.Seq(n)
	} else {
		heads, err := s.log.Heads(ctx, []id.Stream{id.AuditStream})
		if err != nil {
			return nil, "", err
		}
		upTo = heads[0].Seq
	}
	for scanned := 0; upTo > 0 && scanned < scannedMost; {
		entries, err := s.log.Range(ctx, id.AuditStream, max(1, upTo-checked+1), upTo)
		if err != nil {
			return nil, "", fmt.Errorf("read the audit up to %d: %w", upTo, err)
		}
		for i := len(entries) - 1; i >= 0; i-- {
			if len(page) == limit {
				return page, makeCursor(strconv.FormatInt(int64(entries[i].Seq), 10)), nil
			}
			r, err := readRow(&entries[i])
			if err != nil { // CheckAudit says so; the others can be read all the same
				r = Row{Seq: entries[i].Seq}
			}
			if q.wants(&r) {
				page = append(page, r)
			}
		}
		upTo = max(0, upTo-checked)
		scanned += checked
	}
	if upTo > 0 {
		next = makeCursor(strconv.FormatInt(int64(upTo), 10))
	}
	return page, next, nil
}
