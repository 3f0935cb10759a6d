package api

import (
	"fmt"
	"testing"
	"time"
)

// read is what an answer says in params, in order.
func read(of map[string]any) (said string) {
	params, _ := of["params"].([]any)
	for _, p := range params {
		p := p.(map[string]any)
		said += fmt.Sprintf("%s (%s %s): %s; ", p["label"], p["key"], p["type"], p["value"])
	}
	return said
}

// What a sheet, a grant, a notice and why it came say has labels, and the order of
// the template, which is not that of the keys.
func TestWording(t *testing.T) {
	h := open(t)
	a, ann := h.app(), h.as(session)
	made := h.post("/v1/app/templates", a.token, `{"title":"Your order","category":"transport","scope":"progress","page_pattern":"/queue",
		"states":["cooking","served"],"edges":[{"from":"cooking","to":"served"}],"state_labels":{"cooking":"In the pot"},"params":[
		{"key":"z","label":"Dish","type":"name","role":"locked"},{"key":"m","label":"Minutes","type":"number","role":"free"},{"key":"a","label":"Table","type":"code","role":"locked"}]}`).want(201).object()
	name := made["template"].(string)
	h.post("/v1/moderation/templates/"+name+"/review", h.as(moderator), `{"version":1,"decision":"approve","reason":"looked at it"}`).want(200)
	if got := h.get("/v1/app/templates/"+name, a.token).want(200).object(); got["state_labels"].(map[string]any)["cooking"] != "In the pot" {
		t.Errorf("the template is %v", got)
	}
	tap := h.post("/v1/activations", ann, map[string]any{"app": a.id, "kind": "tap", "page": "/queue"}).want(201).object()["activation"]
	sheet := h.post("/v1/consents", ann, fmt.Sprintf(`{"app":%q,"activation":%q,"items":[{"template":%q,"subject":"17","locked":{"a":{"code":"A17"},"z":{"name":"Dan dan"}}}]}`, a.id, tap, name)).want(201).object()
	item := sheet["sheet"].([]any)[0].(map[string]any)
	const asked, said = "Dish (z name): Dan dan; Table (a code): A17; ", "Dish (z name): Dan dan; Minutes (m number): 9; Table (a code): A17; "
	if got := read(item); got != asked {
		t.Errorf("the sheet says %s", got)
	}
	h.pass(time.Second)
	h.post("/v1/consents/"+sheet["consent"].(string)+"/decision", ann, map[string]any{"items": []any{map[string]any{"item": item["item"], "decision": "accept"}}}).want(200)
	if got := read(h.get("/v1/me/grants", ann).items()[0]); got != asked {
		t.Errorf("the grant says %s", got)
	}
	handle := h.handed(a, "17")["grant"]
	for _, state := range []string{"cooking", "served"} {
		h.post("/v1/app/notices", a.token, fmt.Sprintf(`{"grant":%q,"template":%q,"state":%q,"data":{"m":{"number":"9"}},"page":"/queue","idempotency_key":%[3]q}`, handle, name, state)).want(201)
	}
	for i, n := range h.get("/v1/me/notices", ann).items() {
		why := h.get("/v1/me/notices/"+n["notice"].(string)+"/why", ann).want(200).object()
		for what, of := range map[string]map[string]any{"the notice": n, "why": why} {
			label, worded := of["state_label"]
			if got := read(of); got != said || of["state"] != []string{"served", "cooking"}[i] || worded != (i == 1) || worded && label != "In the pot" {
				t.Errorf("%s %d says %s and is %v, %v", what, i, got, of["state"], label)
			}
		}
		if got := read(why["sheet"].(map[string]any)); got != asked {
			t.Errorf("the sheet was %s", got)
		}
	}
}
