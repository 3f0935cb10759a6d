package moderation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/moderation"
)

var (
	mo    = moderation.Moderator{User: "mo", Role: moderation.RoleModerator}
	moe   = moderation.Moderator{User: "moe", Role: moderation.RoleModerator}
	sen   = moderation.Moderator{User: "sen", Role: moderation.RoleSenior}
	audit = moderation.Moderator{User: "audit", Role: moderation.RoleAuditor}
	plain = moderation.Moderator{User: "alice"}
)

func (h *house) cases(state, kind string) []moderation.Case {
	h.t.Helper()
	return all(h.t, func(cursor string) ([]moderation.Case, string, error) {
		page, next, err := h.Cases(h.t.Context(), state, kind, cursor, 3)
		if len(page) > 3 {
			h.t.Errorf("%d cases in a page of 3", len(page))
		}
		return page, next, err
	})
}

func (h *house) flood() (id.App, id.Template, string) {
	h.t.Helper()
	app, t := id.NewApp(), id.NewTemplate()
	good(h.t, h.Flooded(h.t.Context(), app, t, 60, "template_paused"))
	for _, c := range h.cases(moderation.Open, moderation.Flood) {
		if c.Subject.ID == string(t) {
			return app, t, string(c.ID)
		}
	}
	h.t.Fatal("there is no case")
	return "", "", ""
}

func (h *house) claim(by moderation.Moderator, c string) moderation.Case {
	h.t.Helper()
	got, err := h.Claim(h.t.Context(), by, c)
	good(h.t, err)
	return got
}

func (h *house) decide(by moderation.Moderator, c string, d moderation.Decision) moderation.Case {
	h.t.Helper()
	got, err := h.Decide(h.t.Context(), by, c, d)
	good(h.t, err)
	return got
}

// What comes in about the same joins one case, on any node, until that is decided.
func TestOneUndecidedCase(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		app, tem := id.NewApp(), id.NewTemplate()
		nodes := []*moderation.Service{h.Service, h.another(h.store)}
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				node := nodes[i%2]
				if err := node.Flooded(context.Background(), app, tem, 10+i, ""); err != nil {
					t.Error(err)
				}
				user := id.User(fmt.Sprint("user", i/2)) // each twice
				if err := node.Reported(context.Background(), user, app, tem, "n-1", "spam", ""); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		flood, report := h.cases("", moderation.Flood), h.cases("", moderation.Report)
		if len(flood) != 1 || len(report) != 1 || report[0].Reports != 6 || report[0].App != app || flood[0].Subject.ID != string(tem) {
			t.Fatalf("%+v and %+v", flood, report)
		}
		c, err := h.Case(t.Context(), string(flood[0].ID))
		good(t, err)
		if !strings.Contains(string(c.Evidence), `"held":21`) {
			t.Errorf("evidence %s", c.Evidence)
		}
		h.claim(mo, string(report[0].ID))
		h.decide(mo, string(report[0].ID), moderation.Decision{Decision: moderation.NoAction, Reason: "other"})
		good(t, h.Reported(t.Context(), "user1", app, tem, "n-1", "fraud", ""))
		again := h.cases("", moderation.Report)
		if len(again) != 2 || again[0].State != moderation.Open || again[0].Reports != 1 || again[1].State != moderation.Decided {
			t.Fatalf("%+v", again)
		}
	})
}

// The most severe first, then the oldest; over pages and months.
func TestCasesAreListedInOrder(t *testing.T) {
	h := open(t)
	bySeverity := map[int][]string{}
	first := id.NewTemplate()
	for i := range 20 {
		did, severity := []string{"", "template_paused", "app_suspended"}[i%3], []int{2, 4, 5}[i%3]
		tem := id.NewTemplate()
		if i == 0 {
			tem, severity = first, 5 // in the end
		}
		good(t, h.Flooded(t.Context(), id.NewApp(), tem, 5, did))
		bySeverity[severity] = append(bySeverity[severity], string(tem))
		h.pass(9 * 24 * time.Hour)
	}
	good(t, h.Flooded(t.Context(), id.NewApp(), first, 300, "app_suspended"))
	want := slices.Concat(bySeverity[5], bySeverity[4], bySeverity[2])
	var got, months []string
	for _, c := range h.cases("", "") {
		got = append(got, c.Subject.ID)
		months = append(months, c.OpenedAt.Format("2006-01"))
	}
	same(t, got, want)
	slices.Sort(months)
	if months = slices.Compact(months); len(months) < 6 {
		t.Fatalf("only the months %v", months)
	}
	h.claim(mo, string(h.cases("", "")[19].ID))
	if n := len(h.cases(moderation.Claimed, "")); n != 1 {
		t.Errorf("%d are claimed", n)
	}
	if n := len(h.cases(moderation.Open, "")); n != 19 {
		t.Errorf("%d are open", n)
	}
	if n := len(h.cases("", moderation.Report)); n != 0 {
		t.Errorf("%d are reports", n)
	}
	_, _, err := h.Cases(t.Context(), "odd", "", "", 0)
	refused(t, err, fault.BadRequest)
	_, _, err = h.Cases(t.Context(), "", "", "odd", 0)
	refused(t, err, fault.BadRequest)
}

// A slow store lets others go first, once.
type slow struct {
	backend
	first func(ledger.Part)
}

func (s *slow) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	s.first(p)
	return s.backend.ChangePart(ctx, p, w, have, owed, change)
}

// Whoever is late to move a case to its place moves nothing back.
func TestLateMoves(t *testing.T) {
	h := open(t)
	_, tem, c := h.flood()
	moved := false
	node := moderation.NewService(&slow{h.store, func(p ledger.Part) {
		if strings.HasPrefix(string(p), "cases/") && !moved {
			moved = true
			h.claim(mo, c)
			h.decide(mo, c, moderation.Decision{Decision: moderation.Warn, Reason: "spam"})
		}
	}}, h.store, moderation.Options{Now: h.clock})
	good(t, node.Flooded(t.Context(), "app-x", tem, 300, "app_suspended"))
	if !moved {
		t.Fatal("nobody was late")
	}
	if n := len(h.cases(moderation.Decided, "")); n != 1 {
		t.Errorf("%d cases are decided", n)
	}
}

func TestClaims(t *testing.T) {
	h := open(t)
	_, _, c := h.flood()
	if got := h.claim(mo, c); got.State != moderation.Claimed || got.ClaimedBy != "mo" {
		t.Fatalf("%+v", got)
	}
	h.claim(mo, c)
	for _, who := range []moderation.Moderator{moe, sen} {
		_, err := h.Claim(t.Context(), who, c)
		refused(t, err, fault.Conflict)
		_, err = h.Decide(t.Context(), who, c, moderation.Decision{Decision: moderation.NoAction, Reason: "spam"})
		refused(t, err, fault.Conflict)
	}
	for _, who := range []moderation.Moderator{plain, audit} {
		_, err := h.Claim(t.Context(), who, c)
		refused(t, err, fault.Forbidden)
		_, err = h.Decide(t.Context(), who, c, moderation.Decision{Decision: moderation.NoAction, Reason: "spam"})
		refused(t, err, fault.Forbidden)
	}
	for _, name := range []string{"", "case-", "case-1", string(id.NewCase(h.clock())), "CASE" + c[4:]} {
		_, err := h.Claim(t.Context(), mo, name)
		refused(t, err, fault.NotFound)
		_, err = h.Case(t.Context(), name)
		refused(t, err, fault.NotFound)
	}
	if rows := h.rows(moderation.AuditQuery{Action: "case_claimed"}); len(rows) != 1 || rows[0].Actor != "mo" {
		t.Errorf("%+v", rows)
	}
}

// Whoever searches the audit for anything that a refused request named finds it.
func TestRefusalsAreFound(t *testing.T) {
	h := open(t)
	app, tem := id.NewApp(), id.NewTemplate()
	good(t, h.Refused(t.Context(), moderation.Refusal{App: app, Template: tem, Code: "grant_invalid", Key: "q-A17", At: h.clock()}))
	good(t, h.Refused(t.Context(), moderation.Refusal{Code: "bad_request", Key: strings.Repeat("ü", 40_000), Template: "\xff"}))
	good(t, h.Did(t.Context(), "template_paused", app, tem, "flood"))
	rows := h.rows(moderation.AuditQuery{})
	for i, want := range [][]string{
		{string(app), string(tem), "q-A17", "grant_invalid", "notice_refused", `"role":"app"`, `"kind":"app"`},
		{"bad_request", `"role":"system"`},
		{string(app), string(tem), "template_paused", "flood", `"kind":"template"`},
	} {
		shown, err := json.Marshal(rows[i])
		good(t, err)
		for _, text := range want {
			if !strings.Contains(string(shown), text) {
				t.Errorf("%s: no %q", shown, text)
			}
		}
	}
	good(t, h.Check(t.Context()))
	refused(t, h.Reported(t.Context(), "alice", app, tem, "n-1", "dull", ""), fault.BadRequest)
}
