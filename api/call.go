package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// A call is one request of an operation by somebody who may call it.
type call struct {
	r       *http.Request
	from    string // the client's address, as limits count it
	user    id.User
	session account.Session
	account account.Account
	app     miniprogram.App // of an app's call
	query   url.Values
	status  int // of the answer, if not the usual one
}

// open finds out who calls and whether they may, and reads all but the body.
func (s *server) open(ctx context.Context, op *operation, r *http.Request) (*call, error) {
	c := &call{r: r, from: neighbourhood(Address(r, s.trusted))}
	for _, name := range op.names {
		if !plain(r.PathValue(name)) {
			return nil, fault.NotFound
		}
	}
	if err := s.admit(ctx, c, op); err != nil {
		return nil, err
	}
	var err error
	if c.query, err = readQuery(r, op.does.query); err != nil && c.app.ID != "" {
		err = s.refused(ctx, c, &op.route, err)
	}
	return c, err
}

// plain tells whether a part of a path can name anything: every id is short,
// printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= nameMost
}

const nameMost = 256 // bytes

// named is a part of the path.
func (c *call) named(name string) string { return c.r.PathValue(name) }

// seq is the position that the path names.
func (c *call) seq() (int64, error) {
	n, err := strconv.ParseInt(c.named("seq"), 10, 64)
	if err != nil || n < 1 || n > int64(id.MaxSeq) {
		return 0, fault.NotFound
	}
	return n, nil
}
