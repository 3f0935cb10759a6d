package webhook

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	limitUsual = 50
	limitMost  = 200

	trimEvery = 128 // emitted events after which it is seen to how many are kept
	trimMost  = 256 // that go in one step
)

// Deliveries are an app's, the newest first, a page at a time; next is "" on the
// last one, limit 0 the usual one. BadRequest.
func (s *Service) Deliveries(ctx context.Context, a id.App, cursor string, limit int) (page []Delivery, next string, err error) {
	if limit == 0 {
		limit = limitUsual
	}
	if limit < 0 || limit > limitMost {
		return nil, "", fault.BadRequest.Saying(fmt.Sprintf("limit is from 1 to %d.", limitMost))
	}
	after, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	lines, err := s.store.ListPart(ctx, part(a), underTimes, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(lines) > limit {
		lines = lines[:limit]
		next = cursorOf(lines[limit-1].Key)
	}
	found, err := s.deliveries(ctx, a, lines)
	page = make([]Delivery, len(found))
	for i, d := range found {
		page[i] = d.Delivery
	}
	return page, next, err
}

// deliveries are those of lines, in their order.
func (s *Service) deliveries(ctx context.Context, a id.App, lines []ledger.Row) ([]stored, error) {
	var keys []string
	for _, l := range lines {
		keys = append(keys, underDeliveries+lineID(l.Key))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	v, err := s.store.ReadPart(ctx, part(a), ledger.Want{Keys: keys})
	if err != nil {
		return nil, err
	}
	var all []stored
	for _, key := range keys {
		d, ok, err := ledger.Read[stored](v, key)
		if err != nil {
			return nil, err
		}
		if ok { // otherwise it went meanwhile
			all = append(all, d)
		}
	}
	return all, nil
}

// lineID is the delivery that a row of a list or of the queue stands for.
func lineID(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

var cursorText = base64.RawURLEncoding.Strict()

// cursorOf is a place in the list as it is given out: a checksum and its key.
func cursorOf(key string) string {
	return cursorText.EncodeToString(append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(key))), key...))
}

func parseCursor(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	raw, err := cursorText.DecodeString(s)
	key := string(raw[min(len(raw), 4):])
	if err != nil || !strings.HasPrefix(key, underTimes) || cursorOf(key) != s {
		return "", fault.BadRequest.Saying("This is no cursor of this list.")
	}
	return key, nil
}

// trim lets go of what is more than is kept, but not of what is on its way.
func (s *Service) trim(ctx context.Context, a id.App) error {
	kept, err := s.store.ListPart(ctx, part(a), underTimes, "", KeptMost)
	if err != nil || len(kept) < KeptMost {
		return err
	}
	_, err = s.drop(ctx, a, kept[KeptMost-1].Key)
	return err
}

// dropOld lets go of what is older than is kept. More tells that some of it is on its way.
func (s *Service) dropOld(ctx context.Context, a id.App) (more bool, err error) {
	return s.drop(ctx, a, timeKey(s.now().Add(-Kept)))
}

// drop lets go of what stands behind a place in the list.
func (s *Service) drop(ctx context.Context, a id.App, after string) (more bool, err error) {
	for {
		lines, err := s.store.ListPart(ctx, part(a), underTimes, after, trimMost)
		if err != nil || len(lines) == 0 {
			return more, err
		}
		after = lines[len(lines)-1].Key
		want := ledger.Want{Keys: []string{rowCount}}
		for _, l := range lines {
			want.Keys = append(want.Keys, underDeliveries+lineID(l.Key))
		}
		err = s.store.ChangePart(ctx, part(a), want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			count, _, err := ledger.Read[int](v, rowCount)
			if err != nil {
				return nil, err
			}
			var pairs []any
			for _, r := range v.Under(underDeliveries) {
				d, err := ledger.Decode[stored](r.Value)
				if err != nil {
					return nil, err
				}
				if d.Status == Pending {
					more = true
					continue
				}
				pairs = append(pairs, d.key(), nil, d.line(), nil)
			}
			if len(pairs) == 0 {
				return nil, nil
			}
			return ledger.Rows(append(pairs, rowCount, max(0, count-len(pairs)/4))...)
		})
		if err != nil {
			return more, err
		}
	}
}
