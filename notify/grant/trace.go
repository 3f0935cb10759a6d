package grant

import (
	"context"
	"fmt"
	"strings"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Trace names what a request is going to be, before it is anything: for whoever has
// to note it first. The same request has the same, and whose it is stands before
// its first slash.
func (f *Found) Trace() string { return string(f.Grant.User) + "/" + f.key }

// Traced is the notice that came of the request that a trace is of. found is false
// if none has: it was refused, or has not been redeemed yet, or is none of this
// book's any more.
func (b *Book) Traced(ctx context.Context, trace string) (n Notice, found bool, err error) {
	user, key, _ := strings.Cut(trace, "/")
	if !strings.HasPrefix(key, "key/") {
		return Notice{}, false, nil
	}
	u := id.User(user)
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: []string{key}})
	if err != nil {
		return Notice{}, false, fmt.Errorf("follow a trace: %w", err)
	}
	var was answered
	if found, err = get(v, key, &was); err != nil || !found {
		return Notice{}, false, err
	}
	return b.notice(ctx, u, was.Notice)
}
