package api

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// principal is who may call an operation.
type principal string

const (
	public   principal = "public"   // anybody; a token is not looked at
	session  principal = "session"  // a user who is signed in
	operator principal = "operator" // who has the operator's token, on the operations listener
)

// A call is one request of an operation by somebody who may call it.
type call struct {
	r       *http.Request
	from    string // the client's address, as limits count it
	user    id.User
	session account.Session
	account account.Account
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
	var err error
	switch op.who {
	case public:
		err = s.limits.of(op.id).take(c.from)
	case operator:
		err = s.asOperator(r)
	default:
		err = s.authenticate(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	c.query, err = readQuery(r, op.does.query)
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
	return s != "" && len(s) <= 128
}

// authenticate finds the user whose token came with the request.
func (s *server) authenticate(ctx context.Context, c *call) error {
	token, ok := bearer(c.r)
	if !ok {
		return fault.Unauthenticated
	}
	if err := s.limits.guess.check(c.from); err != nil {
		return err
	}
	var err error
	if c.session, c.account, err = s.accounts.Authenticate(ctx, token); err != nil {
		if fault.From(err) == fault.Unauthenticated {
			_ = s.limits.guess.take(c.from)
		}
		return err
	}
	c.user = c.session.User
	return s.limits.request.take(string(c.user))
}

// asOperator lets in who has the operator's token.
func (s *server) asOperator(r *http.Request) error {
	token, ok := bearer(r)
	if !ok || s.operator.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.operator.Token)) != 1 {
		return fault.Unauthenticated.Saying("The operator's token is needed.")
	}
	return nil
}

const tokenMost = 512 // bytes

// bearer reads the one token of the one Authorization header.
func bearer(r *http.Request) (token string, ok bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > tokenMost || strings.ContainsAny(token, " \t,") {
		return "", false
	}
	return token, true
}

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
