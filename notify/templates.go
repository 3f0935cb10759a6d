package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	templatesMost = 200 // of an app
	versionsMost  = 200 // of a template
	limitUsual    = 50
	limitMost     = 200
)

// A template's part has its head, its versions and who reported it; an app's has
// an index of its templates; one of all has those that a moderator has yet to read.
const (
	headKey              = "head"
	reviews  ledger.Part = "reviews"
	reported             = "report/"
)

func templatePart(t id.Template) ledger.Part { return ledger.Part("template/" + string(t)) }
func appPart(a id.App) ledger.Part           { return ledger.Part("templates/" + string(a)) }
func versionKey(n int) string                { return fmt.Sprintf("v/%04d", n) }
func reviewKey(n int) string                 { return fmt.Sprintf("r/%04d", n) }

// A head is what holds for all versions of a template.
type head struct {
	App         id.App    `json:"app"`
	Latest      int       `json:"latest,omitempty"`
	Attempt     string    `json:"attempt,omitempty"`  // that made the latest
	InForce     int       `json:"in_force,omitempty"` // approved last; 0: none
	Paused      bool      `json:"paused,omitempty"`
	PausedUntil time.Time `json:"paused_until,omitzero"` // zero: until lifted
	Pauses      int       `json:"pauses,omitempty"`      // by the gate
	Stop        string    `json:"stop,omitempty"`        // the attempt that was the last of those
	Disabled    bool      `json:"disabled,omitempty"`
	Reason      string    `json:"reason,omitempty"`    // of the pause
	Cleared     time.Time `json:"cleared_at,omitzero"` // a moderator lifted a pause; reports before that are dealt with
}

// stopped tells whether nothing may be asked or sent.
func (h *head) stopped(now time.Time) bool {
	return h.Disabled || h.Paused && (h.PausedUntil.IsZero() || now.Before(h.PausedUntil))
}

// seen is a version as it is told: an approved one stands as its template does.
func (h *head) seen(t Template, now time.Time) Template {
	t.InForce = h.InForce
	if t.Status == Approved && h.stopped(now) {
		t.Status, t.PausedUntil, t.Reason = Paused, h.PausedUntil, h.Reason
		if h.Disabled {
			t.Status, t.PausedUntil = Disabled, time.Time{}
		}
	}
	t.Pauses = h.Pauses
	return t
}

// Submit takes a template in; a moderator has to approve it. A draft that names an
// earlier template becomes its next version, and what is in force stays so until
// this one is approved. ErrScopeDenied, ErrTemplate, fault.BadRequest, ErrContent;
// fault.Conflict: the app has as many as it can.
func (s *Service) Submit(ctx context.Context, a id.App, d Draft) (Template, error) {
	app, err := s.apps.App(ctx, a)
	if err != nil {
		return Template{}, err
	}
	if err := d.check(app.Category); err != nil {
		return Template{}, err
	}
	now := s.now()
	t, fresh := d.Template, d.Template == ""
	if fresh {
		t = id.NewTemplate()
		if err := s.index(ctx, a, t, now); err != nil {
			return Template{}, err
		}
	} else if _, err := s.ownHead(ctx, a, string(t)); err != nil {
		return Template{}, err
	}
	if err := s.toReview(ctx, t, now); err != nil {
		return Template{}, err
	}
	d.Template = ""
	made := Template{Draft: d, ID: t, App: a, Status: Review, CreatedAt: now}
	attempt := id.NewEntry(now).String()
	err = s.store.ChangePart(ctx, templatePart(t), ledger.Want{Keys: []string{headKey}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		h := head{App: a}
		if _, err := decodeRow(v, headKey, &h); err != nil || h.Attempt == attempt {
			return nil, err
		}
		if h.Latest >= versionsMost {
			return nil, fault.Conflict.Saying("This template has as many versions as it can.")
		}
		h.Latest, h.Attempt = h.Latest+1, attempt
		made.Version = h.Latest
		return []ledger.Row{{Key: headKey, Value: encode(h)}, {Key: versionKey(made.Version), Value: encode(made)}}, nil
	})
	if err != nil {
		return Template{}, fmt.Errorf("store a template: %w", err)
	}
	// Again: a review may have taken it off the list in between.
	return made, s.toReview(ctx, t, now)
}

func (s *Service) version(ctx context.Context, t id.Template, n int, into any) (bool, error) {
	v, err := s.store.ReadPart(ctx, templatePart(t), ledger.Want{Keys: []string{versionKey(n)}})
	if err != nil {
		return false, err
	}
	return decodeRow(v, versionKey(n), into)
}

func decodeRow(v ledger.View, key string, into any) (bool, error) {
	raw := v.Get(key)
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("read row %s: %w", key, err)
	}
	return true, nil
}

// index lists a template under its app, before it exists: a name without a
// template behind it is passed over.
func (s *Service) index(ctx context.Context, a id.App, t id.Template, at time.Time) error {
	key := fmt.Sprintf("%011x/%s", at.UnixMilli(), t)
	err := s.store.ChangePart(ctx, appPart(a), ledger.Want{Prefixes: []string{""}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if len(v.Rows) >= templatesMost && v.Get(key) == nil {
			return nil, fault.Conflict.Saying("This app has as many templates as it can.")
		}
		return []ledger.Row{{Key: key, Value: []byte("{}")}}, nil
	})
	if err != nil {
		return fmt.Errorf("list a template: %w", err)
	}
	return nil
}

// put stores one row whatever was there.
func (s *Service) put(ctx context.Context, p ledger.Part, r ledger.Row) error {
	return s.store.ChangePart(ctx, p, ledger.Want{Keys: []string{r.Key}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if r.Value == nil && v.Get(r.Key) == nil {
			return nil, nil
		}
		return []ledger.Row{r}, nil
	})
}

func (s *Service) toReview(ctx context.Context, t id.Template, at time.Time) error {
	return s.put(ctx, reviews, ledger.Row{Key: string(t), Value: encode(at)})
}

// head finds the head of a template of any app; it is zero if there is none.
// ErrTemplate: that is no name of one.
func (s *Service) head(ctx context.Context, template string) (head, error) {
	t, ok := id.ParseTemplate(template)
	if !ok {
		return head{}, ErrTemplate
	}
	v, err := s.store.ReadPart(ctx, templatePart(t), ledger.Want{Keys: []string{headKey}})
	if err != nil {
		return head{}, fmt.Errorf("find a template: %w", err)
	}
	h, _, err := s.heads.row(templatePart(t), v, headKey)
	return h, err
}

// ownHead finds the head of a template of this app. ErrTemplate: there is none, or
// it is another app's, which looks the same.
func (s *Service) ownHead(ctx context.Context, a id.App, template string) (head, error) {
	h, err := s.head(ctx, template)
	if err == nil && h.App != a {
		return head{}, ErrTemplate
	}
	return h, err
}

// inForce finds a template of this app with the version in force, whose Version is
// 0 if there is none. ErrTemplate.
func (s *Service) inForce(ctx context.Context, a id.App, template string) (h head, t Template, err error) {
	h, err = s.ownHead(ctx, a, template)
	if err == nil && h.InForce > 0 {
		_, err = s.version(ctx, id.Template(template), h.InForce, &t)
	}
	return h, t, err
}

// handedIn is a version as it was handed in. What became of it is not told: that
// changes, and the rest does not. ErrTemplate: there is none.
func (s *Service) handedIn(ctx context.Context, t id.Template, n int) (Template, error) {
	p, key := templatePart(t), versionKey(n)
	if of, known := s.versions.known(p, key); known {
		return of, nil
	}
	v, err := s.store.ReadPart(ctx, p, ledger.Want{Keys: []string{key}})
	if err != nil {
		return Template{}, fmt.Errorf("find a template: %w", err)
	}
	of, found, err := s.versions.row(p, v, key)
	if err == nil && !found {
		err = ErrTemplate
	}
	return of, err
}

// Template is the latest version of one of the app's templates. ErrTemplate.
func (s *Service) Template(ctx context.Context, a id.App, template string) (Template, error) {
	h, err := s.ownHead(ctx, a, template)
	if err != nil {
		return Template{}, err
	}
	var t Template
	found, err := s.version(ctx, id.Template(template), h.Latest, &t)
	if err == nil && !found {
		err = ErrTemplate
	}
	return h.seen(t, s.now()), err
}

// Templates are the latest versions of the app's templates, the oldest first.
// next is "" on the last page; limit 0 is the usual one. fault.BadRequest.
func (s *Service) Templates(ctx context.Context, a id.App, cursor string, limit int) (page []Template, next string, err error) {
	rows, next, err := s.page(ctx, appPart(a), cursor, limit, func(key string) bool {
		_, t, _ := strings.Cut(key, "/")
		_, ok := id.ParseTemplate(t)
		return ok
	})
	page = make([]Template, 0, len(rows))
	for _, r := range rows {
		_, name, _ := strings.Cut(r.Key, "/")
		t, err := s.Template(ctx, a, name)
		if errors.Is(err, ErrTemplate) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		page = append(page, t)
	}
	return page, next, err
}

// page lists a part's rows behind a cursor, which is a key that good knows.
func (s *Service) page(ctx context.Context, p ledger.Part, cursor string, limit int, good func(key string) bool) (rows []ledger.Row, next string, err error) {
	if limit, err = bounded(limit); err != nil {
		return nil, "", err
	}
	if cursor != "" && !good(cursor) {
		return nil, "", errCursor
	}
	if rows, err = s.store.ListPart(ctx, p, "", cursor, limit+1); err != nil {
		return nil, "", fmt.Errorf("list %s: %w", p, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].Key
	}
	return rows, next, nil
}

var errCursor = fault.BadRequest.At("cursor", "is none of this list's")

func bounded(limit int) (int, error) {
	switch {
	case limit == 0:
		return limitUsual, nil
	case limit < 0 || limit > limitMost:
		return 0, fault.BadRequest.At("limit", fmt.Sprintf("is from 1 to %d", limitMost))
	}
	return limit, nil
}
