package moderation_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/moderation"
)

func TestAMatterOfTwo(t *testing.T) {
	h := open(t)
	app, _, c := h.flood()
	h.claim(mo, c)
	heavy := moderation.Decision{Decision: moderation.SuspendApp, Reason: "fraud", Held: moderation.Drop}
	for range 2 {
		if got := h.decide(mo, c, heavy); got.State != moderation.Awaiting || got.First.By != "mo" || got.ClaimedBy != "" {
			t.Fatalf("%+v", got)
		}
	}
	same(t, h.told(), nil)
	for _, who := range []moderation.Moderator{mo, moe} { // who was the first, and who may not be the second
		_, err := h.Claim(t.Context(), who, c)
		refused(t, err, fault.Forbidden)
	}
	_, err := h.Decide(t.Context(), sen, c, heavy)
	refused(t, err, fault.Conflict)
	if got := h.claim(sen, c); got.State != moderation.Awaiting || got.ClaimedBy != "sen" {
		t.Fatalf("%+v", got)
	}
	h.failing(fault.Unavailable)
	_, err = h.Decide(t.Context(), sen, c, heavy)
	refused(t, err, fault.Unavailable)
	h.failing(nil)
	if got := h.decide(mo, c, heavy); got.State != moderation.Awaiting {
		t.Fatalf("%+v", got)
	}
	same(t, h.told(), nil)
	if got := h.decide(sen, c, heavy); got.State != moderation.Decided || got.Decision.By != "sen" {
		t.Fatalf("%+v", got)
	}
	same(t, h.told(), []string{"suspend " + string(app) + " until lifted: fraud", "drop " + h.cases("", "")[0].Subject.ID})
	var did []string
	for _, r := range h.rows(moderation.AuditQuery{}) {
		did = append(did, r.Actor+" "+r.Action)
	}
	same(t, did, []string{"teahouse case_opened", "mo case_claimed", "mo case_first_decision", "sen case_claimed", "sen suspend_app", "sen drop"})

	// A second moderator who sees it otherwise decides, if that is not heavy itself.
	_, _, c = h.flood()
	h.claim(sen, c)
	h.decide(sen, c, heavy)
	_, err = h.Claim(t.Context(), sen, c)
	refused(t, err, fault.Forbidden)
	other := moderation.Moderator{User: "sue", Role: moderation.RoleSenior}
	h.claim(other, c)
	if got := h.decide(other, c, moderation.Decision{Decision: moderation.SuspendNotices, Reason: "fraud"}); got.State != moderation.Awaiting || got.First.By != "sue" {
		t.Fatalf("%+v", got)
	}
	h.claim(sen, c)
	if got := h.decide(sen, c, moderation.Decision{Decision: moderation.Warn, Reason: "fraud"}); got.State != moderation.Decided {
		t.Fatalf("%+v", got)
	}
	same(t, h.told(), nil)
}

func TestDecisions(t *testing.T) {
	h := open(t)
	end := h.clock().Add(24 * time.Hour).Format(time.RFC3339)
	for i, c := range []struct {
		d    moderation.Decision
		want string
	}{
		{moderation.Decision{Decision: "no_action"}, ""},
		{moderation.Decision{Decision: "warn"}, ""},
		{moderation.Decision{Decision: "no_action", Held: "release"}, "release <t>, resume <t>"},
		{moderation.Decision{Decision: "no_action", Held: "drop"}, "drop <t>"},
		{moderation.Decision{Decision: "pause_template", Held: "drop"}, "pause <t> until lifted: spam, drop <t>"},
		{moderation.Decision{Decision: "pause_template", Hours: 24, Held: "release"}, "pause <t> until <end>: spam, release <t>"},
		{moderation.Decision{Decision: "suspend_notices", Hours: 24, Held: "drop"}, "silence <a> until <end>: spam, drop <t>"},
		{moderation.Decision{Decision: "suspend_app", Hours: 24}, "suspend <a> until <end>: spam"},
	} {
		app, tem, name := h.flood()
		h.claim(mo, name)
		c.d.Reason = "spam"
		if got := h.decide(mo, name, c.d); got.State != moderation.Decided || got.Decision.By != "mo" {
			t.Errorf("%+v: %+v", c.d, got)
		}
		if n := len(h.cases(moderation.Decided, "")); n != i+1 {
			t.Errorf("%+v: %d are decided, want %d", c.d, n, i+1)
		}
		h.decide(mo, name, c.d) // again changes nothing
		want := strings.NewReplacer("<t>", string(tem), "<a>", string(app), "<end>", end).Replace(c.want)
		if got := strings.Join(h.told(), ", "); got != want {
			t.Errorf("%+v: did %q, want %q", c.d, got, want)
		}
		_, err := h.Decide(t.Context(), mo, name, moderation.Decision{Decision: "warn", Reason: "other"})
		refused(t, err, fault.Conflict)
		_, err = h.Claim(t.Context(), mo, name)
		refused(t, err, fault.Conflict)
		rows := h.rows(moderation.AuditQuery{SubjectID: string(tem), Action: c.d.Decision})
		if len(rows) != 1 || !strings.Contains(string(rows[0].Before), `"claimed"`) || !strings.Contains(string(rows[0].After), `"decided"`) || !strings.Contains(string(rows[0].After), string(app)) {
			t.Errorf("%+v: audit %+v", c.d, rows)
		}
	}
	_, _, name := h.flood()
	h.claim(mo, name)
	for _, d := range []moderation.Decision{
		{Decision: "no_action"},
		{Decision: "no_action", Reason: "dull"},
		{Decision: "no_action", Reason: "spam", Held: "eat"},
		{Decision: "suspend_app", Reason: "spam", Hours: -1},
		{Decision: "suspend_app", Reason: "spam", Hours: 90_000},
		{Decision: "ban", Reason: "spam"},
		{Decision: "", Reason: "spam"},
	} {
		_, err := h.Decide(t.Context(), mo, name, d)
		refused(t, err, fault.BadRequest)
	}
	same(t, h.told(), nil)
}

// What an app answers in windows has no template: the case is about the app, and its
// answers are paused, held and released under the app's id.
func TestAnswers(t *testing.T) {
	h := open(t)
	app := id.NewApp()
	for held := 1; held <= 300; held++ {
		good(t, h.Flooded(t.Context(), app, id.Template(app), held, ""))
	}
	cases := h.cases("", "")
	if len(cases) != 1 || cases[0].Subject != (moderation.Subject{Kind: "app", ID: string(app)}) {
		t.Fatalf("%+v", cases)
	}
	c := h.claim(mo, string(cases[0].ID))
	var evidence struct{ Held int }
	good(t, json.Unmarshal(c.Evidence, &evidence))
	if evidence.Held < 300*8/9 || evidence.Held > 300 {
		t.Errorf("%d held, of 300", evidence.Held)
	}
	h.decide(mo, string(c.ID), moderation.Decision{Decision: moderation.NoAction, Reason: "other", Held: moderation.Release})
	same(t, h.told(), []string{"release " + string(app), "resume " + string(app)})
}

// A decision that died half-way is certain already: no other can be made, and it is
// finished when it is posted again, with the end that it had.
func TestADecisionThatDiedHalfway(t *testing.T) {
	h := open(t)
	app, tem, c := h.flood()
	h.claim(mo, c)
	d := moderation.Decision{Decision: "suspend_app", Reason: "spam", Hours: 24, Held: "drop"}
	h.failing(fault.Unavailable)
	_, err := h.Decide(t.Context(), mo, c, d)
	refused(t, err, fault.Unavailable)
	if got := h.cases("", ""); got[0].State != moderation.Claimed {
		t.Fatalf("%+v", got)
	}
	h.failing(nil)
	end := h.clock().Add(24 * time.Hour).Format(time.RFC3339)
	h.pass(time.Hour)
	_, err = h.Decide(t.Context(), mo, c, moderation.Decision{Decision: "no_action", Reason: "spam", Held: "release"})
	refused(t, err, fault.Conflict)
	same(t, h.told(), nil)
	if got := h.decide(mo, c, d); got.State != moderation.Decided {
		t.Fatalf("%+v", got)
	}
	same(t, h.told(), []string{"suspend " + string(app) + " until " + end + ": spam", "drop " + string(tem)})
	if rows := h.rows(moderation.AuditQuery{Action: "suspend_app"}); len(rows) != 1 {
		t.Errorf("%d rows about it", len(rows))
	}

	// What can never be carried out is in nobody's way; what may is tried again.
	gone := fault.New("template_unknown", "")
	for err, want := range map[error]bool{gone: true, fault.NotFound: true, fault.Conflict: false, errors.New("odd"): false, context.Canceled: false} {
		_, tem, c := h.flood()
		h.claim(mo, c)
		h.failing(err)
		if _, got := h.Decide(t.Context(), mo, c, d); !errors.Is(got, err) {
			t.Fatal(got)
		}
		_, got := h.Decide(t.Context(), mo, c, moderation.Decision{Decision: "no_action", Reason: "spam"})
		if (got == nil) != want {
			t.Errorf("after %v: %v", err, got)
		}
		rows := h.rows(moderation.AuditQuery{Action: "suspend_app_failed", SubjectID: string(tem)})
		if (len(rows) == 1) != want {
			t.Errorf("after %v: %d rows about the failure", err, len(rows))
		}
		h.failing(nil)
	}
}

func TestActionsWithoutACase(t *testing.T) {
	h := open(t)
	app, tem := id.NewApp(), id.NewTemplate()
	onApp, onTemplate := moderation.Subject{Kind: "app", ID: string(app)}, moderation.Subject{Kind: "template", ID: string(tem)}
	end := h.clock().Add(24 * time.Hour).Format(time.RFC3339)
	for _, c := range []struct {
		by   moderation.Moderator
		a    moderation.Action
		want string
	}{
		{mo, moderation.Action{Action: "suspend_app", Subject: onApp, Hours: 24}, "suspend " + string(app) + " until " + end + ": spam"},
		{mo, moderation.Action{Action: "suspend_notices", Subject: onApp, Hours: 24}, "silence " + string(app) + " until " + end + ": spam"},
		{mo, moderation.Action{Action: "pause_template", Subject: onTemplate}, "pause " + string(tem) + " until lifted: spam"},
		{mo, moderation.Action{Action: "resume", Subject: onTemplate}, "resume " + string(tem)},
		{sen, moderation.Action{Action: "resume", Subject: onApp}, "resume " + string(app)},
		{moderation.Moderator{User: "root", Role: moderation.RoleOperator}, moderation.Action{Action: "suspend_app", Subject: onApp}, "suspend " + string(app) + " until lifted: spam"},
	} {
		c.a.Reason = "spam"
		name, err := h.Do(t.Context(), c.by, c.a)
		good(t, err)
		same(t, h.told(), []string{c.want})
		rows := h.rows(moderation.AuditQuery{Actor: string(c.by.User), Action: c.a.Action})
		if last := rows[len(rows)-1]; !strings.Contains(string(last.After), name) || last.Role != c.by.Role || last.Subject != c.a.Subject || last.Reason != "spam" {
			t.Errorf("%+v", last)
		}
	}
	for _, c := range []struct {
		by   moderation.Moderator
		a    moderation.Action
		want *fault.Fault
	}{
		{audit, moderation.Action{Action: "suspend_app", Subject: onApp, Hours: 24, Reason: "spam"}, fault.Forbidden},
		{plain, moderation.Action{Action: "suspend_app", Subject: onApp, Hours: 24, Reason: "spam"}, fault.Forbidden},
		{sen, moderation.Action{Action: "suspend_app", Subject: onApp, Reason: "spam"}, fault.Forbidden},
		{mo, moderation.Action{Action: "suspend_notices", Subject: onApp, Hours: 8761, Reason: "spam"}, fault.Forbidden},
		{mo, moderation.Action{Action: "suspend_app", Subject: onTemplate, Hours: 24, Reason: "spam"}, fault.BadRequest},
		{mo, moderation.Action{Action: "suspend_app", Subject: moderation.Subject{Kind: "app", ID: "app-1"}, Hours: 24, Reason: "spam"}, fault.NotFound},
		{mo, moderation.Action{Action: "suspend_app", Subject: onApp, Hours: 24}, fault.BadRequest},
		{mo, moderation.Action{Action: "suspend_app", Subject: onApp, Hours: -1, Reason: "spam"}, fault.BadRequest},
		{mo, moderation.Action{Action: "dance", Subject: onApp, Hours: 24, Reason: "spam"}, fault.BadRequest},
	} {
		_, err := h.Do(t.Context(), c.by, c.a)
		refused(t, err, c.want)
	}
	same(t, h.told(), nil)
	h.failing(fault.NotFound)
	_, err := h.Do(t.Context(), mo, moderation.Action{Action: "suspend_app", Subject: onApp, Hours: 24, Reason: "spam"})
	refused(t, err, fault.NotFound)
	if rows := h.rows(moderation.AuditQuery{Action: "suspend_app_failed"}); len(rows) != 1 {
		t.Errorf("%d rows about the failure", len(rows))
	}
}

// A case does not wait for a moderator who is none any more, whatever they had begun.
func TestACaseOfSomebodyWhoHasLeft(t *testing.T) {
	h := open(t)
	leave := func(u id.User) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.left = u
	}
	_, tem, c := h.flood()
	h.claim(mo, c)
	pause := moderation.Decision{Decision: moderation.PauseTemplate, Hours: 1, Reason: "spam"}
	h.failing(fault.Unavailable)
	_, err := h.Decide(t.Context(), mo, c, pause)
	refused(t, err, fault.Unavailable)
	h.failing(nil)
	_, err = h.Claim(t.Context(), moe, c)
	refused(t, err, fault.Conflict)
	leave("mo")
	if got := h.claim(moe, c); got.State != moderation.Claimed || got.ClaimedBy != "moe" {
		t.Fatalf("%+v", got)
	}
	_, err = h.Decide(t.Context(), moe, c, moderation.Decision{Decision: moderation.NoAction, Reason: "spam"})
	refused(t, err, fault.Conflict) // one was made, and may have begun
	if got := h.decide(moe, c, pause); got.State != moderation.Decided || got.Decision.By != "mo" {
		t.Fatalf("%+v", got)
	}
	var did []string
	for _, r := range h.rows(moderation.AuditQuery{}) {
		did = append(did, r.Actor+" "+r.Action)
	}
	same(t, did, []string{"teahouse case_opened", "mo case_claimed", "mo pause_template", "moe case_claimed"})
	if done := h.told(); len(done) != 1 || !strings.HasPrefix(done[0], "pause "+string(tem)) {
		t.Fatal(done)
	}

	// Nor for a second one, and who was the first is not the second.
	_, _, c = h.flood()
	leave("")
	h.claim(mo, c)
	h.decide(mo, c, moderation.Decision{Decision: moderation.SuspendApp, Reason: "fraud"})
	h.claim(sen, c)
	leave("sen")
	_, err = h.Claim(t.Context(), mo, c)
	refused(t, err, fault.Forbidden)
	if got := h.claim(moderation.Moderator{User: "sue", Role: moderation.RoleSenior}, c); got.State != moderation.Awaiting || got.ClaimedBy != "sue" {
		t.Fatalf("%+v", got)
	}
}
