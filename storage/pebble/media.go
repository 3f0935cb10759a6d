package pebble

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// A mediumRow is a medium as it is stored: JSON has no form of its own for a duration.
type mediumRow struct {
	media.Medium
	Duration int64 `json:"duration,omitzero"` // nanoseconds
}

// A medium's carriers lie behind it.
func mediumKey(m id.Media) []byte { return tableMedium.key(string(m)) }

func carrierKey(m id.Media, c media.Carrier) []byte {
	return tableMedium.key(string(m), c.Kind, c.ID)
}

func mediaDay(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func mediaDayKey(at time.Time, m id.Media) []byte {
	return tableMediaDay.key(mediaDay(at), string(m))
}

// PutMedium implements media.Store.
func (s *Store) PutMedium(_ context.Context, m media.Medium) error {
	return s.write(func(b *pebble.Batch) error {
		if err := b.Set(mediaDayKey(m.At, m.ID), nil, nil); err != nil {
			return err
		}
		return put(b, mediumKey(m.ID), mediumRow{m, int64(m.Duration)})
	})
}

// Medium implements media.Store.
func (s *Store) Medium(_ context.Context, of id.Media) (media.Medium, []media.Carrier, error) {
	var row mediumRow
	var carriers []media.Carrier
	found := false
	from := mediumKey(of)
	err := s.scan(from, after(from), func(key, value []byte) (bool, error) {
		if len(key) == len(from) {
			found = true
			if err := json.Unmarshal(value, &row); err != nil {
				return false, fmt.Errorf("decode the row %q: %w", key, err)
			}
			return true, nil
		}
		kind, rest, _ := bytes.Cut(key[len(from):], []byte{0})
		if len(rest) == 0 {
			return false, damaged("the row %q", key)
		}
		carriers = append(carriers, media.Carrier{Kind: string(kind), ID: string(rest[:len(rest)-1])})
		return found, nil
	})
	if err == nil && !found {
		err = media.ErrUnknown
	}
	if err != nil {
		return media.Medium{}, nil, err
	}
	row.Medium.Duration = time.Duration(row.Duration)
	return row.Medium, carriers, nil
}

// Carry implements media.Store.
func (s *Store) Carry(_ context.Context, m id.Media, c media.Carrier) error {
	return s.write(func(b *pebble.Batch) error { return b.Set(carrierKey(m, c), nil, nil) })
}

// Uncarry implements media.Store.
func (s *Store) Uncarry(_ context.Context, m id.Media, c media.Carrier) error {
	return s.write(func(b *pebble.Batch) error { return b.Delete(carrierKey(m, c), nil) })
}

// MediaOf implements media.Store.
func (s *Store) MediaOf(ctx context.Context, day time.Time) ([]id.Media, error) {
	var all []id.Media
	from := tableMediaDay.key(mediaDay(day))
	err := s.scan(from, after(from), func(key, _ []byte) (bool, error) {
		all = append(all, id.Media(key[len(from):len(key)-1]))
		return true, ctx.Err()
	})
	return all, err
}

// DropMedium implements media.Store.
func (s *Store) DropMedium(_ context.Context, m id.Media, at time.Time) error {
	key := mediumKey(m)
	return s.write(func(b *pebble.Batch) error {
		if err := b.DeleteRange(key, after(key), nil); err != nil {
			return err
		}
		return b.Delete(mediaDayKey(at, m), nil)
	})
}
