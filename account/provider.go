package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	assertionBytes = 8 << 10          // at most
	assertionLife  = 10 * time.Minute // an assertion lives no longer from now on
	clocksApart    = 30 * time.Second // how far the provider's clock may be off
)

// A Provider vouches for people: the operator's identity provider, which signs
// JWTs with keys of a set that is read from a file or a URL. Nothing a JWT says
// about keys is believed but the name of one.
type Provider struct {
	keys             *keys
	issuer, audience string
	parser           *jwt.Parser
}

// NewProvider trusts the keys of a JWKS, a file or an http(s) URL, for assertions
// of that issuer meant for that audience. A file must be readable now; a URL is
// first asked when somebody signs in.
func NewProvider(jwks, issuer, audience string) (*Provider, error) {
	if issuer == "" || audience == "" {
		return nil, errors.New("an identity provider needs an issuer and an audience")
	}
	k, err := newKeys(jwks)
	if err != nil {
		return nil, fmt.Errorf("keys of the identity provider: %w", err)
	}
	return &Provider{
		keys: k, issuer: issuer, audience: audience,
		// Claims are validated apart, by the service's clock.
		parser: jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
	}, nil
}

var (
	errAssertion = fault.Unauthenticated.Saying("The assertion is not good.")
	errOutdated  = fault.Unauthenticated.Saying("The assertion has expired, or is not valid yet.")
)

type claims struct {
	jwt.RegisteredClaims
	Name string `json:"name"`
}

// verify tells who an assertion is about. BadRequest: it is no JWT, or about
// nobody who could be a user; Unauthenticated: it is not good.
func (p *Provider) verify(ctx context.Context, assertion string, now time.Time) (id.User, claims, error) {
	if len(assertion) > assertionBytes || strings.Count(assertion, ".") != 2 {
		return "", claims{}, fault.BadRequest.At("/assertion", "is no JWT")
	}
	var c claims
	_, err := p.parser.ParseWithClaims(assertion, &c, func(t *jwt.Token) (any, error) { return p.key(ctx, t) })
	if errors.Is(err, fault.Unavailable) {
		return "", claims{}, err
	}
	if err != nil {
		return "", claims{}, errAssertion
	}
	validator := jwt.NewValidator(
		jwt.WithIssuer(p.issuer), jwt.WithAudience(p.audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clocksApart), jwt.WithTimeFunc(func() time.Time { return now }),
	)
	switch err := validator.Validate(&c); {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return "", claims{}, errOutdated
	case err != nil:
		return "", claims{}, errAssertion
	case c.ExpiresAt.After(now.Add(assertionLife + clocksApart)):
		return "", claims{}, errAssertion.Saying("The assertion lives too long: 10 minutes at most.")
	}
	u, ok := id.ParseUser(c.Subject)
	if !ok || u == self {
		return "", claims{}, fault.BadRequest.At("/assertion", "has a subject that is no user id")
	}
	return u, c, nil
}

// key finds the key a token names, for the method it names.
func (p *Provider) key(ctx context.Context, t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical {
		return nil, errors.New("critical extensions are not known")
	}
	kid, named := t.Header["kid"]
	name, isText := kid.(string)
	if named && (!isText || name == "") {
		return nil, errors.New("kid names nothing")
	}
	return p.keys.find(ctx, name, named, t.Method.Alg())
}

// SignInByAssertion lets somebody in for whom the identity provider vouches, and
// makes their account at the first time. Unauthenticated: the assertion is not
// good; BadRequest: it is none, or about nobody who could be a user; Forbidden:
// there is no provider, or ErrSuspended; Unavailable: its keys cannot be had.
func (s *Service) SignInByAssertion(ctx context.Context, assertion, device string) (SignedIn, error) {
	d, err := parseDevice(device)
	if err != nil {
		return SignedIn{}, err
	}
	if s.opt.Provider == nil {
		return SignedIn{}, fault.Forbidden.Saying("This server trusts no identity provider.")
	}
	u, c, err := s.opt.Provider.verify(ctx, assertion, s.now())
	if err != nil {
		return SignedIn{}, err
	}
	a, err := s.vouched(ctx, u, c.Name)
	if err != nil {
		return SignedIn{}, err
	}
	return s.signIn(ctx, a, d)
}

// vouched finds an account, or makes it. A name that cannot be shown makes
// nobody stay outside: they are called by their user id.
func (s *Service) vouched(ctx context.Context, u id.User, name string) (Account, error) {
	a, err := s.known(ctx, u)
	if !errors.Is(err, ErrUnknown) {
		return a, err
	}
	shown, err := displayName(u, name, "")
	if err != nil {
		shown = string(u)
	}
	a = Account{User: u, DisplayName: shown, CreatedAt: s.now()}
	if err := s.store.CreateAccount(ctx, a); errors.Is(err, ErrTaken) { // in this moment, by another device
		return s.known(ctx, u)
	} else if err != nil {
		return Account{}, err
	}
	return a, nil
}

// known finds the account of somebody who is vouched for. ErrUnknown; Unauthenticated:
// they have deleted it, and nobody can vouch for them here any more.
func (s *Service) known(ctx context.Context, u id.User) (Account, error) {
	a, err := s.store.Account(ctx, u)
	if err == nil && a.gone() {
		a, err = Account{}, errAssertion
	}
	return a, err
}
