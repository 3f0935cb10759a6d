package scylla

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// A mediumRow is a medium as it is stored: JSON has no form of its own for a duration.
type mediumRow struct {
	media.Medium
	Duration int64 `json:"duration,omitzero"` // nanoseconds
}

// PutMedium implements media.Store. The day's line is there no later than the medium.
func (s *Store) PutMedium(ctx context.Context, m media.Medium) error {
	value, err := json.Marshal(mediumRow{m, int64(m.Duration)})
	if err != nil {
		return fmt.Errorf("encode the medium %s: %w", m.ID, err)
	}
	q := s.writing(ctx, `INSERT INTO media_by_day (day, medium) VALUES (?, ?)`, m.At.UTC(), string(m.ID))
	if err := q.Exec(); err != nil {
		return readError(err)
	}
	q = s.writing(ctx, `INSERT INTO media (medium, kind, carrier, value) VALUES (?, '', '', ?)`, string(m.ID), value)
	return readError(q.Exec())
}

// Medium implements media.Store. The medium's own row is the first.
func (s *Store) Medium(ctx context.Context, of id.Media) (media.Medium, []media.Carrier, error) {
	iter := s.reading(ctx, `SELECT kind, carrier, value FROM media WHERE medium=?`, string(of)).Iter()
	var row *mediumRow
	var carriers []media.Carrier
	var c media.Carrier
	var value []byte
	var failed error
	for iter.Scan(&c.Kind, &c.ID, &value) {
		if c.Kind != "" {
			carriers = append(carriers, c)
			continue
		}
		row = &mediumRow{}
		if err := json.Unmarshal(value, row); err != nil {
			failed = fmt.Errorf("decode the medium %s: %w", of, err)
		}
		value = nil
	}
	err := errors.Join(readError(iter.Close()), failed)
	if err == nil && row == nil {
		err = media.ErrUnknown
	}
	if err != nil {
		return media.Medium{}, nil, err
	}
	row.Medium.Duration = time.Duration(row.Duration)
	return row.Medium, carriers, nil
}

// Carry implements media.Store.
func (s *Store) Carry(ctx context.Context, m id.Media, c media.Carrier) error {
	q := s.writing(ctx, `INSERT INTO media (medium, kind, carrier) VALUES (?, ?, ?)`, string(m), c.Kind, c.ID)
	return readError(q.Exec())
}

// Uncarry implements media.Store.
func (s *Store) Uncarry(ctx context.Context, m id.Media, c media.Carrier) error {
	q := s.writing(ctx, `DELETE FROM media WHERE medium=? AND kind=? AND carrier=?`, string(m), c.Kind, c.ID)
	return readError(q.Exec())
}

// MediaOf implements media.Store.
func (s *Store) MediaOf(ctx context.Context, day time.Time) ([]id.Media, error) {
	iter := s.reading(ctx, `SELECT medium FROM media_by_day WHERE day=?`, day.UTC()).Iter()
	var all []id.Media
	var m string
	for iter.Scan(&m) {
		all = append(all, id.Media(m))
	}
	return all, readError(iter.Close())
}

// DropMedium implements media.Store. The day's line is the last to go: who was
// interrupted finds the medium again.
func (s *Store) DropMedium(ctx context.Context, m id.Media, at time.Time) error {
	if err := s.writing(ctx, `DELETE FROM media WHERE medium=?`, string(m)).Exec(); err != nil {
		return readError(err)
	}
	q := s.writing(ctx, `DELETE FROM media_by_day WHERE day=? AND medium=?`, at.UTC(), string(m))
	return readError(q.Exec())
}
