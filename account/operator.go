package account

import (
	"context"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// SetPassword gives a user a new password and ends all their sign-ins. NotFound, ErrWeakPassword.
func (s *Service) SetPassword(ctx context.Context, u id.User, password string) error {
	if err := checkPassword(u, password, "/password"); err != nil {
		return err
	}
	if _, err := s.Profile(ctx, u); err != nil { // before the costly part
		return err
	}
	return s.replacePassword(ctx, u, nil, password, "")
}

// ParseRole reads a role's name; "none" is RoleNone.
func ParseRole(s string) (Role, bool) {
	switch r := Role(s); r {
	case RoleNone, RoleModerator, RoleSenior, RoleAuditor:
		return r, true
	case "none":
		return RoleNone, true
	}
	return RoleNone, false
}

// SetRole says what a user may do beyond using the product. NotFound; BadRequest: there is no such role.
func (s *Service) SetRole(ctx context.Context, u id.User, r Role) error {
	r, ok := ParseRole(string(r))
	if !ok {
		return fault.BadRequest.At("/role", "is none of moderator, senior, auditor, none")
	}
	return s.alter(ctx, u, func(a *Account) { a.Role = r })
}

// Suspend keeps somebody out and closes their connections. Sign-ins stay, and
// are good again when the suspension ends. NotFound.
func (s *Service) Suspend(ctx context.Context, u id.User, sus Suspension) error {
	if err := s.alter(ctx, u, func(a *Account) { a.Suspension = &sus }); err != nil {
		return err
	}
	s.end(u, End{Code: closeSuspended})
	return nil
}

// Unsuspend lets somebody in again. NotFound.
func (s *Service) Unsuspend(ctx context.Context, u id.User) error {
	return s.alter(ctx, u, func(a *Account) { a.Suspension = nil })
}

func (s *Service) alter(ctx context.Context, u id.User, change func(*Account)) error {
	_, err := told(s.change(ctx, u, func(a *Account) error {
		change(a)
		return nil
	}))
	return err
}
