package api

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/notify"
)

// principal is who may call an operation.
type principal string

const (
	public    principal = "public"    // anybody; a token is not looked at
	session   principal = "session"   // a user who is signed in
	moderator principal = "moderator" // a user with the role moderator or senior
	auditor   principal = "auditor"   // a user with any role: who may look, and no more
	app       principal = "app"       // an app's server
	operator  principal = "operator"  // who has the operator's token, on the operations listener
)

// signs is the token that a principal comes with.
func (p principal) signs() principal {
	if p == moderator || p == auditor {
		return session
	}
	return p
}

// may tells whether somebody with that role is such a principal.
func (p principal) may(r account.Role) bool {
	switch p {
	case moderator:
		return r == account.RoleModerator || r == account.RoleSenior
	case auditor:
		return r == account.RoleModerator || r == account.RoleSenior || r == account.RoleAuditor
	}
	return true
}

// admit finds out who calls, and refuses whoever may not.
func (s *server) admit(ctx context.Context, c *call, op *operation) error {
	switch op.who {
	case public:
		return s.limits.of(op.id).take(c.from)
	case operator:
		return s.asOperator(c.r)
	}
	token, ok := bearer(c.r)
	if !ok {
		return fault.Unauthenticated
	}
	if err := s.limits.guess.check(c.from); err != nil {
		return err
	}
	var err error
	if s.programs != nil && s.programs.IsToken(token) {
		err = s.asApp(ctx, c, op, token)
	} else {
		err = s.asUser(ctx, c, op, token)
	}
	if fault.From(err) == fault.Unauthenticated {
		_ = s.limits.guess.take(c.from)
	}
	return err
}

// asUser finds the user whose token came with the request.
func (s *server) asUser(ctx context.Context, c *call, op *operation, token string) error {
	of, who, err := s.accounts.Authenticate(ctx, token)
	if err != nil {
		return err
	}
	c.session, c.account, c.user = of, who, of.User
	if err := s.limits.request.take(string(c.user)); err != nil {
		return err
	}
	switch {
	case op.who.signs() != session:
		return fault.WrongPrincipal
	case !op.who.may(who.Role):
		return fault.Forbidden
	}
	return nil
}

// asApp finds the app whose token came with the request. Whether a token is good
// is found out first: one that is not opens nothing, and is told nothing else. Of
// an app that is suspended the gate refuses notices itself; beside that it may look.
func (s *server) asApp(ctx context.Context, c *call, op *operation, token string) error {
	of, err := s.programs.Authenticate(ctx, token)
	if err != nil {
		return err
	}
	c.app = of
	if err := s.limits.app.take(string(of.ID)); err != nil {
		return err
	}
	switch {
	case op.who != app:
		return s.refused(ctx, c, &op.route, fault.WrongPrincipal)
	case of.Suspension.Holds(s.now()) && op.method != http.MethodGet && !op.does.gate:
		return s.refused(ctx, c, &op.route, notify.ErrSuspended)
	}
	return nil
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
