package notify_test

import (
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// shop has params whose order is not that of their keys, and labels that are not
// their keys either.
func shop() notify.Draft {
	d := ride()
	d.Title, d.StateLabels = "Your order", map[string]string{"riding": "On the way"}
	d.Params = []notify.Param{
		{Key: "z", Label: "Shop", Type: "name", Role: notify.Locked},
		{Key: "m", Label: "Minutes", Type: "number", Role: notify.Free},
		{Key: "a", Label: "Order", Type: "code", Role: notify.Locked},
	}
	return d
}

// What people see of a sheet, a grant, a notice and why it came is named and ordered
// by the template, and stays so when there is a next version.
func TestWording(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), shop())
	locked := grant.Values{"a": {"code": "A17"}, "z": {"name": "Bean"}}
	shopParam, orderParam := grant.Param{Key: "z", Label: "Shop", Type: "name", Value: "Bean"}, grant.Param{Key: "a", Label: "Order", Type: "code", Value: "A17"}
	asked := []grant.Param{shopParam, orderParam}
	same := func(what string, got, want []grant.Param) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s has %+v, not %+v", what, got, want)
		}
	}

	sheet, err := h.ask(user, tpl, notify.Item{Template: string(tpl.ID), Subject: "17", Locked: locked})
	good(t, err)
	same("the sheet", sheet.Items[0].Params, asked)
	h.accept(user, sheet)
	grants, _, err := h.MyGrants(h.ctx(), user.User, "", 0)
	good(t, err)
	same("the grant", grants[0].Params, asked)

	next := shop()
	next.Template, next.Params[0].Label, next.StateLabels = tpl.ID, "Café", nil
	h.template(tpl.App, next)
	say := func(state, minutes string) notify.Shown {
		t.Helper()
		_, err := h.send(tpl, h.handle(tpl, "17"), with{"state": state, "data": map[string]any{"m": map[string]any{"number": minutes}}})
		good(t, err)
		return h.inbox(user.User)[0]
	}
	said := []grant.Param{shopParam, {Key: "m", Label: "Minutes", Type: "number", Value: "12"}, orderParam}
	if n := say("placed", "12"); n.State != "placed" || n.StateLabel != "" {
		t.Errorf("a state without words is %q", n.StateLabel)
	}
	say("cooking", "9")
	h.restart()
	n := say("riding", "12")
	same("the notice", n.Params, said)
	if n.State != "riding" || n.StateLabel != "On the way" {
		t.Errorf("the state %q is %q", n.State, n.StateLabel)
	}
	why, err := h.Why(h.ctx(), user.User, n.Notice)
	good(t, err)
	same("why", why.Words.Params, said)
	same("the sheet as it was shown", why.Grant.Sheet.Params, asked)
	if why.Words.State != "On the way" {
		t.Errorf("why says %q", why.Words.State)
	}
}

// A window is of no template.
func TestWordingOfAWindow(t *testing.T) {
	h := open(t)
	user, a := h.guest(), h.app()
	window := h.writes(user, a)
	if got := h.says(a, window, "Hello", nil); got != grant.Accepted {
		t.Fatal(got)
	}
	grants, _, err := h.MyGrants(h.ctx(), user.User, "", 0)
	if good(t, err); len(grants) != 1 || len(grants[0].Params) != 0 {
		t.Errorf("granted %+v", grants)
	}
}
