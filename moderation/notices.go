package moderation

import (
	"context"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// A Refusal is a notice that did not pass the gate. Nothing in it is what the notice said.
type Refusal struct {
	App      id.App      // "" if there was none that could be known
	Template id.Template // as named, if it was named
	Code     fault.Code
	Key      string // the idempotency key, if there was one
	At       time.Time
}

// namedMost bounds what is kept of a name that nobody has checked, in bytes.
const namedMost = 128

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), namedMost)], "\uFFFD") }

// Refused leaves an audit row. When it returns, it is durable.
func (s *Service) Refused(ctx context.Context, r Refusal) error {
	a := Act{
		Actor: clip(string(r.App)), Role: roleApp, Action: "notice_refused", Reason: string(r.Code), At: r.At,
		Subject: Subject{"app", clip(string(r.App))},
		After:   object(map[string]any{"template": clip(string(r.Template)), "idempotency_key": clip(r.Key)}),
	}
	if r.App == "" {
		a.Actor, a.Role = system, roleSystem
	}
	return s.Record(ctx, a)
}

// Did leaves an audit row of something that the gate decided by itself, such as a
// pause. It is about the template, or about the app if there is none.
func (s *Service) Did(ctx context.Context, action string, app id.App, t id.Template, reason string) error {
	return s.Record(ctx, Act{
		Actor: system, Role: roleSystem, Action: action, Reason: reason, Subject: about(app, t),
		After: object(map[string]any{"app": string(app), "template": string(t)}),
	})
}

// about is the subject of what concerns an app's template, or what it says without one,
// which the gate files under the app's own id.
func about(app id.App, t id.Template) Subject {
	if t == "" || string(t) == string(app) {
		return Subject{"app", string(app)}
	}
	return Subject{"template", string(t)}
}

// Flooded tells that notices of a template are held because they look like a broadcast:
// how many there are, and what the gate did about it, if anything. It opens a case, or
// adds to the one that is not decided.
func (s *Service) Flooded(ctx context.Context, app id.App, t id.Template, held int, did string) error {
	return s.join(ctx, joined{kind: Flood, subject: about(app, t), app: app, add: func(f *file) bool {
		if f.Flood != nil && !f.Flood.grows(held) && (did == "" || did == f.Flood.Did) {
			return false
		}
		if f.Flood == nil {
			f.Flood = &flood{}
		}
		f.Flood.Held = max(f.Flood.Held, held)
		if did != "" {
			f.Flood.Did = did
		}
		f.Severity = max(f.Severity, floodSeverity(*f.Flood))
		return true
	}})
}

// Reported files a user's report of a notice, with what the gate did about it, if
// anything. Reports of one template's notices share a case, in which a user counts once.
func (s *Service) Reported(ctx context.Context, by id.User, app id.App, t id.Template, notice, reason, did string) error {
	if !Reasoned(reason) {
		return errReason
	}
	r := report{By: by, Notice: clip(notice), Reason: reason, Did: did, At: s.now()}
	return s.join(ctx, joined{kind: Report, subject: about(app, t), app: app, by: by, add: func(f *file) bool {
		f.Reports++
		if f.Reasons == nil {
			f.Reasons = map[string]int{}
		}
		f.Reasons[reason]++
		f.Latest = append([]report{r}, f.Latest[:min(len(f.Latest), latestMost-1)]...)
		f.Severity = max(f.Severity, reportSeverity(f.Reports, r))
		return true
	}})
}

// grows tells whether so many held are worth writing down: a flood tells of each, and
// when they are many an eighth more is.
func (f *flood) grows(held int) bool { return held > f.Held && (held < 50 || held >= f.Held+f.Held/8) }

// Severities: what the gate has already acted on comes first, then what concerns many.
func floodSeverity(f flood) int {
	switch {
	case suspended(f.Did):
		return 5
	case f.Did != "":
		return 4
	case f.Held >= 20:
		return 3
	}
	return 2
}

func reportSeverity(reports int, r report) int {
	severity := 2
	switch {
	case suspended(r.Did):
		return 5
	case r.Did != "" || reports >= 10:
		severity = 4
	case reports >= 3:
		severity = 3
	}
	switch r.Reason {
	case "fraud", "sexual", "violence":
		severity++
	}
	return min(severity, 5)
}

// suspended tells whether what the gate did stopped the whole app.
func suspended(did string) bool { return strings.Contains(did, "suspend") }
