package api

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// Operators is what an operator decides about accounts. *account.Service fits.
type Operators interface {
	Register(ctx context.Context, user, password, displayName string) (account.Account, error)
	SetPassword(ctx context.Context, u id.User, password string) error
	SetRole(ctx context.Context, u id.User, r account.Role) error
	Suspend(ctx context.Context, u id.User, s account.Suspension) error
	Unsuspend(ctx context.Context, u id.User) error
}

// Tiers is how many people a developer's apps may reach. *miniprogram.Service fits.
type Tiers interface {
	SetTier(ctx context.Context, developer id.User, tier int) error
}

// What is asked.
type (
	tierChange struct {
		Tier *int `json:"tier" minimum:"0" maximum:"3" nullable:"false" doc:"0 to 3: 250, 2,000, 10,000 or 100,000 people in 24 hours."`
	}
	newPassword struct {
		Password string `json:"password" format:"password" minLength:"8"`
	}
	roleChange struct {
		Role string `json:"role" enum:"none,moderator,senior,auditor"`
	}
	suspension struct {
		Reason  string `json:"reason,omitempty" maxLength:"500" doc:"Why; for the operator's own books."`
		Seconds *int64 `json:"for_s,omitempty" minimum:"1" nullable:"false" doc:"For how many seconds; until lifted if left out."`
	}
)

const suspendedMost = 100 * 365 * 24 * time.Hour

func (s *server) operatorAddUser(ctx context.Context, _ *call, in newAccount) (me, error) {
	a, err := s.operators.Register(ctx, in.User, in.Password, in.DisplayName)
	return meOf(a), err
}

func (s *server) operatorSetPassword(ctx context.Context, c *call, in newPassword) (none, error) {
	u, err := c.somebody()
	if err != nil {
		return none{}, err
	}
	return none{}, s.operators.SetPassword(ctx, u, in.Password)
}

func (s *server) operatorSetRole(ctx context.Context, c *call, in roleChange) (none, error) {
	u, err := c.somebody()
	if err != nil {
		return none{}, err
	}
	role := account.Role(in.Role)
	switch in.Role {
	case "none":
		role = account.RoleNone
	case string(account.RoleModerator), string(account.RoleSenior), string(account.RoleAuditor):
	default:
		return none{}, fault.BadRequest.At("/role", "is none of moderator, senior, auditor and none")
	}
	return none{}, s.operators.SetRole(ctx, u, role)
}

func (s *server) operatorSuspend(ctx context.Context, c *call, in suspension) (none, error) {
	u, err := c.somebody()
	if err != nil {
		return none{}, err
	}
	of := account.Suspension{Reason: in.Reason}
	if in.Seconds != nil {
		if *in.Seconds < 1 || *in.Seconds > int64(suspendedMost/time.Second) {
			return none{}, fault.BadRequest.At("/for_s", "is not from 1 second to 100 years")
		}
		of.Until = s.operator.Now().Add(time.Duration(*in.Seconds) * time.Second)
	}
	return none{}, s.operators.Suspend(ctx, u, of)
}

func (s *server) operatorUnsuspend(ctx context.Context, c *call, _ none) (none, error) {
	u, err := c.somebody()
	if err != nil {
		return none{}, err
	}
	return none{}, s.operators.Unsuspend(ctx, u)
}

func (s *server) operatorSetTier(ctx context.Context, c *call, in tierChange) (none, error) {
	u, err := c.somebody()
	switch {
	case err != nil:
		return none{}, err
	case *in.Tier < 0 || *in.Tier >= len(miniprogram.Reaches):
		return none{}, fault.BadRequest.At("/tier", "is not from 0 to 3")
	}
	return none{}, s.tiers.SetTier(ctx, u, *in.Tier)
}

// somebody is the user that the path names.
func (c *call) somebody() (id.User, error) {
	u, ok := id.ParseUser(c.named("user"))
	if !ok {
		return "", fault.NotFound
	}
	return u, nil
}
