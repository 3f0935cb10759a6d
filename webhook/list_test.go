package webhook_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/webhook"
)

func TestList(t *testing.T) {
	h, e := quiet(t, store(t)), hear(t, nil)
	a, _ := h.app(e)
	var want []id.Delivery
	for i := range 7 {
		want = append([]id.Delivery{h.emit(a, i)}, want...)
		h.later(time.Second)
	}
	var got []id.Delivery
	for cursor := ""; ; {
		page, next, err := h.Deliveries(t.Context(), a, cursor, 3)
		good(t, err)
		for _, d := range page {
			got = append(got, d.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, c := range []string{"x", "AAAA", strings.Repeat("A", 5000)} {
		_, _, err := h.Deliveries(t.Context(), a, c, 0)
		refused(t, err, fault.BadRequest)
	}
	for _, limit := range []int{-1, 201} {
		_, _, err := h.Deliveries(t.Context(), a, "", limit)
		refused(t, err, fault.BadRequest)
	}
	if page, next, err := h.Deliveries(t.Context(), id.NewApp(), "", 0); page == nil || len(page) != 0 || next != "" || err != nil {
		t.Errorf("of an app without any: %v, %q, %v", page, next, err)
	}
}

// What is old or more than is kept goes, but nothing that is on its way.
func TestKept(t *testing.T) {
	h := quiet(t, store(t))
	e := hear(t, nil)
	a, _ := h.app(e)
	var first id.Delivery
	for i := range webhook.KeptMost + 260 {
		if d := h.emit(a, i); i == 0 {
			first = d
		}
		h.later(time.Millisecond)
	}
	count := func() int {
		t.Helper()
		rows, err := h.store.ListPart(t.Context(), ledger.Part("webhooks/"+string(a)), "d/", "", 5000)
		good(t, err)
		return len(rows)
	}
	if n := count(); n != webhook.KeptMost+260 {
		t.Errorf("%d kept; none has been sent", n)
	}
	h.run(h.Service)
	e.wait(t, webhook.KeptMost+260)
	sent := func() {
		t.Helper()
		eventually(t, func() bool {
			rows, err := h.store.ListPart(t.Context(), ledger.Part("webhooks/"+string(a)), "q/", "", 1)
			return err == nil && len(rows) == 0
		}, func() string { return "something is on its way still" })
	}
	sent()
	for i := range 200 {
		h.later(time.Millisecond)
		h.emit(a, i)
	}
	eventually(t, func() bool { return count() < webhook.KeptMost+200 }, func() string { return fmt.Sprintf("%d kept", count()) })
	refused(t, h.Replay(t.Context(), a, string(first)), fault.NotFound)
	sent()
	h.later(webhook.Kept + 25*time.Hour)
	eventually(t, func() bool { return count() == 0 }, func() string { return fmt.Sprintf("%d kept after more than a week", count()) })
	rows, err := h.store.ListPart(t.Context(), ledger.Part("webhooks/"+string(a)), "", "", 10)
	good(t, err)
	if len(rows) != 2 { // endpoint, count
		t.Errorf("left: %q", rows)
	}
}
