package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const reasonRunes = 500

// ReviewTemplate is a moderator's answer to a version that is in review: from then
// on it is in force, or rejected for good. What was granted under an earlier
// version stays under that one. ErrTemplate; fault.Conflict: this version is not
// in review; fault.Forbidden: it is the moderator's own.
func (s *Service) ReviewTemplate(ctx context.Context, by id.User, template string, version int, approve bool, reason string) (Template, error) {
	t, ok := id.ParseTemplate(template)
	if !ok || version < 1 || version > versionsMost {
		return Template{}, ErrTemplate
	}
	if unfit(reason) != "" || runes(reason) > reasonRunes {
		return Template{}, fault.BadRequest.At("/reason", "cannot be shown, or is too long")
	}
	var h head
	v, err := s.store.ReadPart(ctx, templatePart(t), ledger.Want{Keys: []string{headKey}})
	if err == nil {
		_, err = decodeRow(v, headKey, &h)
	}
	if err != nil {
		return Template{}, fmt.Errorf("review a template: %w", err)
	}
	if h.App == "" {
		return Template{}, ErrTemplate
	}
	app, err := s.apps.App(ctx, h.App)
	if err != nil {
		return Template{}, err
	}
	if app.Developer == by {
		return Template{}, fault.Forbidden.Saying("Somebody else has to review this one.")
	}
	status := Rejected
	if approve {
		status = Approved
	}
	seen, err := s.review(ctx, t, version, verdict{Status: status, Reason: reason, By: by, At: s.now()})
	if err != nil {
		return Template{}, err
	}
	if err := s.moderators.Reviewed(ctx, by, seen); err != nil {
		return Template{}, err
	}
	return seen, s.reviewed(ctx, t)
}

// A verdict is a moderator's on one version. Its developer does not learn whose.
type verdict struct {
	Status string    `json:"status"`
	Reason string    `json:"reason"`
	By     id.User   `json:"by"`
	At     time.Time `json:"at"`
}

// review stores what became of a version. The same again, by the same moderator,
// is as good as the first time.
func (s *Service) review(ctx context.Context, t id.Template, version int, is verdict) (seen Template, err error) {
	key, by := versionKey(version), reviewKey(version)
	err = s.store.ChangePart(ctx, templatePart(t), ledger.Want{Keys: []string{headKey, by, key}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var h head
		var draft Template
		var was verdict
		found, err := decodeRow(v, key, &draft)
		for k, into := range map[string]any{headKey: &h, by: &was} {
			if err == nil {
				_, err = decodeRow(v, k, into)
			}
		}
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, fault.Conflict.Saying("There is no such version.")
		case draft.Status == Review:
		case was.Status == is.Status && was.By == is.By && was.Reason == is.Reason:
			seen = h.seen(draft, s.now())
			return nil, nil
		default:
			return nil, fault.Conflict.Saying("This version is not in review.")
		}
		draft.Status, draft.Reason, draft.ReviewedAt = is.Status, is.Reason, is.At
		if is.Status == Approved {
			h.InForce = max(h.InForce, draft.Version)
		}
		seen = h.seen(draft, s.now())
		return []ledger.Row{
			{Key: headKey, Value: encode(h)}, {Key: key, Value: encode(draft)}, {Key: by, Value: encode(is)},
		}, nil
	})
	if err != nil {
		return Template{}, fmt.Errorf("review a template: %w", err)
	}
	return seen, nil
}

// reviewed takes a template off the list of those to review if none of its
// versions is left to.
func (s *Service) reviewed(ctx context.Context, t id.Template) error {
	left, err := s.unread(ctx, t)
	if err != nil || len(left) > 0 {
		return err
	}
	return s.put(ctx, reviews, ledger.Row{Key: string(t)})
}

// unread are the versions of a template that are in review.
func (s *Service) unread(ctx context.Context, t id.Template) ([]Template, error) {
	v, err := s.store.ReadPart(ctx, templatePart(t), ledger.Want{Prefixes: []string{"v/"}})
	if err != nil {
		return nil, fmt.Errorf("find versions: %w", err)
	}
	var left []Template
	for _, r := range v.Under("v/") {
		var t Template
		if _, err := decodeRow(v, r.Key, &t); err != nil {
			return nil, err
		}
		if t.Status == Review {
			left = append(left, t)
		}
	}
	return left, nil
}

// Reviews are the versions that wait for a moderator, by template. next is "" on
// the last page; limit 0 is the usual one. fault.BadRequest.
func (s *Service) Reviews(ctx context.Context, cursor string, limit int) (page []Template, next string, err error) {
	rows, next, err := s.page(ctx, reviews, cursor, limit, func(key string) bool {
		_, ok := id.ParseTemplate(key)
		return ok
	})
	for _, r := range rows {
		left, err := s.unread(ctx, id.Template(r.Key))
		if err != nil {
			return nil, "", err
		}
		page = append(page, left...)
	}
	return page, next, err
}

// pausable finds what can be paused: a template, or under an app's own id its
// answers in windows.
func pausable(t id.Template) (a id.App, ok bool) {
	if a, ok := id.ParseApp(string(t)); ok {
		return a, true
	}
	_, ok = id.ParseTemplate(string(t))
	return "", ok
}

// answers is what an app's answers in windows are counted, held and paused under.
func answers(a id.App) id.Template { return id.Template(a) }

// changeHead changes what holds for all of a template. ErrTemplate.
func (s *Service) changeHead(ctx context.Context, t id.Template, change func(*head) bool) error {
	a, ok := pausable(t)
	if !ok {
		return ErrTemplate
	}
	err := s.store.ChangePart(ctx, templatePart(t), ledger.Want{Keys: []string{headKey}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		h := head{App: a}
		if found, err := decodeRow(v, headKey, &h); err != nil {
			return nil, err
		} else if !found && a == "" {
			return nil, ErrTemplate
		}
		if !change(&h) {
			return nil, nil
		}
		return []ledger.Row{{Key: headKey, Value: encode(h)}}, nil
	})
	if err != nil {
		return fmt.Errorf("change a template: %w", err)
	}
	return nil
}

// PauseTemplate is a moderator's pause until a time, or until it is lifted if that
// is zero. It never shortens another one. ErrTemplate.
func (s *Service) PauseTemplate(ctx context.Context, t id.Template, until time.Time, reason string) error {
	return s.changeHead(ctx, t, func(h *head) bool {
		if h.Paused && h.PausedUntil.IsZero() || h.stopped(s.now()) && !until.IsZero() && until.Before(h.PausedUntil) {
			return false
		}
		h.Paused, h.PausedUntil, h.Reason = true, until.UTC(), reason
		return true
	})
}

// ResumeTemplate is a moderator's end of a pause, also of being disabled. Reports
// that came before do not count any more. ErrTemplate.
func (s *Service) ResumeTemplate(ctx context.Context, t id.Template) error {
	now := s.now()
	return s.changeHead(ctx, t, func(h *head) bool {
		h.Paused, h.PausedUntil, h.Disabled, h.Reason, h.Cleared = false, time.Time{}, false, "", now
		return true
	})
}

// stop is the gate's own pause, longer each time, and in the end for good. did is
// what it was; "" if the template was stopped already.
func (s *Service) stop(ctx context.Context, a id.App, t id.Template, reason string) (did string, err error) {
	now := s.now()
	attempt := id.NewEntry(now).String()
	err = s.changeHead(ctx, t, func(h *head) bool {
		if h.Stop == attempt {
			return false // this very pause, stored before
		}
		if did = ""; h.stopped(now) {
			return false
		}
		if h.Pauses >= len(s.opt.Pauses) {
			did, h.Disabled = DidDisable, true
		} else {
			did, h.PausedUntil = DidPause, now.Add(s.opt.Pauses[h.Pauses])
		}
		h.Pauses++
		h.Paused, h.Reason, h.Stop = true, reason, attempt
		return true
	})
	if err != nil || did == "" {
		return "", err
	}
	return did, s.moderators.Did(ctx, did, a, t, reason)
}
