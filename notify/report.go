package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Reasons are what a notice can be reported for.
var Reasons = []string{"spam", "fraud", "harassment", "sexual", "violence", "other"}

// reportsCounted bounds the reports of one template that are looked at.
const reportsCounted = 1000

// Report files u's report of a notice they got. A user counts once for a template,
// however often they report it. Enough of them pause the template or suspend the
// app. ErrReason; fault.NotFound: u was never shown such a notice.
func (s *Service) Report(ctx context.Context, u id.User, notice, reason string) error {
	if !slices.Contains(Reasons, reason) {
		return ErrReason
	}
	n, _, err := s.book.Why(ctx, u, notice)
	if err != nil {
		return err
	}
	t := n.Template
	if t == "" {
		t = answers(n.App)
	}
	if err := s.put(ctx, templatePart(t), ledger.Row{Key: reported + string(u), Value: encode(s.now())}); err != nil {
		return fmt.Errorf("store a report: %w", err)
	}
	did, err := s.judge(ctx, n.App, t)
	if err != nil {
		return err
	}
	return s.moderators.Reported(ctx, u, n.App, t, notice, reason, did)
}

// reportsFrom is the time from which reports count.
func (s *Service) reportsFrom(h head) time.Time {
	from := s.now().AddDate(0, 0, -s.opt.ReportDays)
	if h.Cleared.After(from) {
		return h.Cleared
	}
	return from
}

// reports tells how many have reported a template lately.
func (s *Service) reports(ctx context.Context, t id.Template) (h head, n int, err error) {
	v, err := s.store.ReadPart(ctx, templatePart(t), ledger.Want{Keys: []string{headKey}})
	if err == nil {
		_, err = decodeRow(v, headKey, &h)
	}
	if err != nil {
		return h, 0, fmt.Errorf("read reports: %w", err)
	}
	rows, err := s.store.ListPart(ctx, templatePart(t), reported, "", reportsCounted)
	if err != nil {
		return h, 0, fmt.Errorf("read reports: %w", err)
	}
	from := s.reportsFrom(h)
	for _, r := range rows {
		var at time.Time
		if err := json.Unmarshal(r.Value, &at); err != nil {
			return h, 0, fmt.Errorf("read a report: %w", err)
		}
		if at.After(from) {
			n++
		}
	}
	return h, n, nil
}

// judge holds the reports of a template against what was delivered of it.
func (s *Service) judge(ctx context.Context, a id.App, t id.Template) (did string, err error) {
	h, n, err := s.reports(ctx, t)
	if err != nil || n < min(s.opt.ReportPause.Least, s.opt.ReportStop.Least) {
		return "", err
	}
	days, err := s.tallies(ctx, a, s.reportsFrom(h).Format(time.DateOnly))
	if err != nil {
		return "", err
	}
	delivered := 0
	for _, d := range days {
		delivered += d.Sent[t]
	}
	switch {
	case s.opt.ReportStop.reached(n, delivered):
		return DidSuspend, s.suspend(ctx, a, "reports")
	case s.opt.ReportPause.reached(n, delivered):
		return s.stop(ctx, a, t, "reports")
	}
	return "", nil
}
