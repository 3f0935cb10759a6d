package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Handed are the grants an app holds, behind after; the string goes on from there.
// limit 0 is the usual one. fault.BadRequest.
func (s *Service) Handed(ctx context.Context, a id.App, after string, limit int) ([]grant.Handed, string, error) {
	limit, err := bounded(limit)
	if err != nil {
		return nil, "", err
	}
	return s.book.Handed(ctx, a, after, limit)
}

// Sent is a notice as its app may know it.
type Sent struct {
	Notice   string      `json:"notice"`
	Template id.Template `json:"template,omitempty"`
	Version  int         `json:"version,omitempty"`
	State    string      `json:"state,omitempty"`
	Status   string      `json:"status"` // accepted or held; one that was dropped stays held
	Alert    bool        `json:"alert"`
	At       time.Time   `json:"at"`
}

// Notice is one of the app's own, by its name. What users and moderators did
// about it later is not told. fault.NotFound.
func (s *Service) Notice(ctx context.Context, a id.App, name string) (Sent, error) {
	n, err := s.book.Notice(ctx, a, name)
	if err != nil {
		return Sent{}, err
	}
	out := Sent{Notice: name, Template: n.Template, Version: n.Version, State: n.State, Status: grant.Accepted, Alert: n.Alert, At: n.At}
	if n.Status != grant.Accepted || !n.Released.IsZero() {
		out.Status = grant.Held
	}
	return out, nil
}

// RevokeGrant closes one of u's. fault.NotFound.
func (s *Service) RevokeGrant(ctx context.Context, u id.User, g string) error {
	return s.book.Revoke(ctx, u, g)
}

// Shown is a notice as its user sees it.
type Shown struct {
	grant.Shown
	At  time.Time `json:"at"`
	Seq id.Seq    `json:"seq"`
}

// MyNotices are what u was shown, the latest first. next is "" on the last page;
// limit 0 is the usual one. fault.BadRequest.
func (s *Service) MyNotices(ctx context.Context, u id.User, cursor string, limit int) (page []Shown, next string, err error) {
	if limit, err = bounded(limit); err != nil {
		return nil, "", err
	}
	inbox := id.PersonalStream(id.Notices, u)
	var last id.Seq
	if cursor == "" {
		heads, err := s.log.Heads(ctx, []id.Stream{inbox})
		if err != nil {
			return nil, "", fmt.Errorf("list notices: %w", err)
		}
		last = heads[0].Seq
	} else {
		n, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || n < 1 || n > int64(id.MaxSeq) || strconv.FormatInt(n, 10) != cursor {
			return nil, "", errCursor
		}
		last = id.Seq(n) - 1
	}
	page = []Shown{}
	for last > 0 && len(page) < limit {
		from := max(1, last-id.Seq(limit)+1)
		entries, err := s.log.Range(ctx, inbox, from, last)
		if err != nil {
			return nil, "", fmt.Errorf("list notices: %w", err)
		}
		last = from - 1
		for i := len(entries) - 1; i >= 0; i-- {
			e := entries[i]
			if e.Kind != grant.KindNotice {
				continue // taken down
			}
			if len(page) == limit {
				last = e.Seq
				break
			}
			shown := Shown{At: e.At, Seq: e.Seq}
			if err := json.Unmarshal(e.Body, &shown.Shown); err != nil {
				return nil, "", fmt.Errorf("read entry %d of %s: %w", e.Seq, inbox, err)
			}
			page = append(page, shown)
		}
	}
	if last > 0 {
		next = strconv.FormatInt(int64(last)+1, 10)
	}
	return page, next, nil
}

// Stop closes all grants of the template that a notice is of. When it returns,
// nothing unclaimed comes any more. fault.NotFound: u was never shown it.
func (s *Service) Stop(ctx context.Context, u id.User, notice string) error {
	return s.book.Stop(ctx, u, notice)
}

// Mute closes all that u granted an app, and has it ask no more. fault.NotFound:
// there is no such app.
func (s *Service) Mute(ctx context.Context, u id.User, app string) error {
	return s.with(ctx, u, app, s.book.Mute)
}

// Unmute lets an app ask again. It revives nothing. fault.NotFound.
func (s *Service) Unmute(ctx context.Context, u id.User, app string) error {
	return s.with(ctx, u, app, s.book.Unmute)
}

// Block is Mute, and the app cannot be written to, nor answer. fault.NotFound.
func (s *Service) Block(ctx context.Context, u id.User, app string) error {
	return s.with(ctx, u, app, s.book.Block)
}

// Unblock takes a block back. It revives nothing. fault.NotFound.
func (s *Service) Unblock(ctx context.Context, u id.User, app string) error {
	return s.with(ctx, u, app, s.book.Unblock)
}

func (s *Service) with(ctx context.Context, u id.User, app string, do func(context.Context, id.User, id.App) error) error {
	a, err := s.app(ctx, app)
	if err != nil {
		return err
	}
	return do(ctx, u, a.ID)
}

// Muted tells how u has set an app.
func (s *Service) Muted(ctx context.Context, u id.User, a id.App) (muted, blocked bool, err error) {
	return s.book.Muted(ctx, u, a)
}

// CloseAll closes all that u granted an app, such as for a new openid.
func (s *Service) CloseAll(ctx context.Context, u id.User, a id.App) error {
	return s.book.CloseAll(ctx, u, a)
}

// Wrote opens the window of an app that somebody has written to, or resets it. The
// same message again changes nothing. fault.NotFound: there is no such app.
func (s *Service) Wrote(ctx context.Context, by grant.By, app string, message uuid.UUID, at time.Time) error {
	a, err := s.app(ctx, app)
	if err != nil {
		return err
	}
	return s.book.Wrote(ctx, by, a.ID, a.Name, message, at)
}
