package miniprogram

import "context"

// Sweep does what is due, once.
func (s *Service) Sweep(ctx context.Context) { s.sweep(ctx) }

// Looks is what a name is taken for, to compare it with others.
func Looks(name string) string { return looks(name) }
