package media

import (
	"context"
	"errors"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Own finds an upload that its owner may show in something. fault.NotFound: it is
// not theirs, or there is none.
func (s *Service) Own(ctx context.Context, u id.User, name string) (Medium, error) {
	m, _, err := s.Owned(ctx, u, name)
	return m, err
}

// Owned is Own with what has been noted to show it, in no order.
func (s *Service) Owned(ctx context.Context, u id.User, name string) (Medium, []Carrier, error) {
	m, carriers, err := s.find(ctx, name)
	if err == nil && m.Owner != u {
		err = fault.NotFound
	}
	if err != nil {
		return Medium{}, nil, err
	}
	return m, carriers, nil
}

// Carry notes that something is about to show a medium, before it does. Whoever
// is to see it, and until when it is kept, follows from that. fault.NotFound: it
// was forgotten meanwhile.
//
// The note comes first and the look whether the medium is doomed second, and a
// sweep dooms first and looks for notes an hour later: one of them sees the other.
func (s *Service) Carry(ctx context.Context, m id.Media, c Carrier) error {
	if err := s.store.Carry(ctx, m, c); err != nil {
		return err
	}
	found, carriers, err := s.store.Medium(ctx, m)
	switch {
	case errors.Is(err, ErrUnknown), err == nil && !found.Doomed.IsZero():
		err = fault.NotFound
	case err == nil && len(carriers) > carriersMost:
		err = errTooMany
	}
	if err != nil {
		return errors.Join(err, s.store.Uncarry(ctx, m, c))
	}
	return nil
}

// Uncarry notes that something does not show a medium any more.
func (s *Service) Uncarry(ctx context.Context, m id.Media, c Carrier) error {
	if err := s.Doubt(ctx, m); err != nil {
		return err
	}
	return s.store.Uncarry(ctx, m, c)
}

// Doubt has a medium looked after again: something that carries it is about to
// lose it, and if nothing else does, it is forgotten in a day or two. It may be
// gone.
func (s *Service) Doubt(ctx context.Context, m id.Media) error {
	found, _, err := s.store.Medium(ctx, m)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	found.At = s.now()
	return s.store.PutMedium(ctx, found)
}
