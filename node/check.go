package node

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/storage"
)

// A Finding is what a check has seen, and what is wrong.
type Finding struct {
	Seen   string   `json:"seen"`   // in words
	Broken []string `json:"broken"` // each a sentence; none: all is well
}

// Checks are what can be checked.
var Checks = []string{"notices", "audit"}

// Check goes through a store, which may be in use. what is one of Checks.
func Check(ctx context.Context, store storage.Backend, what string) (Finding, error) {
	switch what {
	case "notices":
		return checkNotices(ctx, store)
	case "audit":
		return checkAudit(ctx, store)
	}
	return Finding{}, fmt.Errorf("%q cannot be checked", what)
}

// checkNotices holds what everybody was sent against what they granted.
func checkNotices(ctx context.Context, store storage.Backend) (Finding, error) {
	secret, err := grant.Secret(ctx, store)
	if err != nil {
		return Finding{}, err
	}
	report, err := grant.New(store, store, nil, nil, grant.Options{Secret: secret}).Check(ctx, everybody(ctx, store))
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Seen: fmt.Sprintf("%d people, %d grants, %d notices, %d entries, %d underway", report.Users, report.Grants, report.Notices, report.Entries, report.Underway)}
	for _, b := range report.Broken {
		f.Broken = append(f.Broken, b.String())
	}
	return f, nil
}

// checkAudit verifies the chain. What it says of its end is to be kept elsewhere:
// nothing else shows that rows were taken off it.
func checkAudit(ctx context.Context, store storage.Backend) (Finding, error) {
	seal, err := moderation.CheckAudit(ctx, store)
	f := Finding{Seen: fmt.Sprintf("%d rows, the last with hash %s", seal.Seq, seal.Hash)}
	if broken, ok := errors.AsType[*moderation.BrokenError](err); ok {
		f.Broken, err = []string{broken.Error()}, nil
	}
	return f, err
}

// everybody are all users of a store.
func everybody(ctx context.Context, store storage.Backend) iter.Seq2[id.User, error] {
	const most = 500
	return func(yield func(id.User, error) bool) {
		for last := id.User(""); ; {
			page, err := store.Users(ctx, last, most)
			if err != nil {
				yield("", err)
				return
			}
			for _, u := range page {
				if !yield(u, nil) {
					return
				}
				last = u
			}
			if len(page) < most {
				return
			}
		}
	}
}

// checker checks a running server's store.
type checker struct{ store storage.Backend }

func (c checker) Check(ctx context.Context, what string) (seen string, broken []string, err error) {
	f, err := Check(ctx, c.store, what)
	return f.Seen, f.Broken, err
}
