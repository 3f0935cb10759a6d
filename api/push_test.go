package api

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

// openPush is what a house wakes devices with; it hears of nothing.
func openPush(h *house, store *pebble.Store) *push.Service {
	h.t.Helper()
	opt := push.DefaultOptions()
	opt.Now, opt.Allow = h.time, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s, err := push.NewService(store, push.Ports{}, opt)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(s.Close)
	return s
}

// goodKeys are a browser's, of RFC 8291.
const goodKeys = `{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`

func TestSubscriptions(t *testing.T) {
	h := open(t)
	ann := h.user("ann")
	first := h.get("/v1/push/key", ann).want(200).object()["key"]
	if again := h.get("/v1/push/key", h.user("bob")).want(200).object()["key"]; first == "" || first != again {
		t.Errorf("the key is %v and %v", first, again)
	}
	good := `{"kind":"web","endpoint":"https://push.example.com/1","keys":` + goodKeys + `}`
	h.put("/v1/me/push", ann, good).want(204)
	h.put("/v1/me/push", ann, good).want(204)
	h.delete("/v1/me/push", ann).want(204)
	h.delete("/v1/me/push", ann).want(204)
	h.put("/v1/me/push", ann, `{"kind":"apns","token":"00aa"}`).refused("bad_request") // this server has no key of Apple's
	for body, pointer := range map[string]string{
		`{"kind":"pager","token":"00aa"}`: "/kind",
		`{"kind":"web"}`:                  "/endpoint",
		`{"kind":"web","endpoint":"http://10.0.0.1/1","keys":` + goodKeys + `}`:       "/endpoint",
		`{"kind":"web","endpoint":"https://push.example.com/1"}`:                      "/keys/p256dh",
		`{"kind":"web","endpoint":"https://push.example.com/1","keys":{"auth":"AA"}}`: "/keys/p256dh",
		strings.Replace(good, "BTBZMqHH6r4Tts7J_aSIgg", "BTBZ", 1):                    "/keys/auth",
		strings.Replace(good, `"kind"`, `"token":"x","kind"`, 1):                      "/token",
	} {
		p := h.put("/v1/me/push", ann, body).refused("bad_request")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s is refused at %v, want %s", body, p.Errors, pointer)
		}
	}
	h.put("/v1/me/push", ann, strings.Replace(good, `"auth"`, `"more":1,"auth"`, 1)).refused("unknown_field")
}

func TestPushSettings(t *testing.T) {
	h := open(t)
	ann, bob := h.user("ann"), h.user("bob")
	at := "/v1/me/push/settings"
	are := func(token, want string) {
		t.Helper()
		if got := strings.TrimSpace(string(h.get(at, token).want(200).body)); got != want {
			t.Fatalf("the settings are %s, want %s", got, want)
		}
	}
	are(ann, `{"show":"all","quiet":null}`)
	night := `{"from":1380,"to":420,"zone":"Europe/Berlin"}`
	changed := h.patch(at, ann, `{"show":"sender","quiet":`+night+`}`).want(200)
	if got := strings.TrimSpace(string(changed.body)); got != `{"show":"sender","quiet":`+night+`}` {
		t.Errorf("the change answers %s", got)
	}
	h.patch(at, ann, `{}`).want(200)
	are(ann, `{"show":"sender","quiet":`+night+`}`)
	h.patch(at, ann, `{"show":"nothing"}`).want(200)
	are(h.signIn("ann", "laptop"), `{"show":"nothing","quiet":`+night+`}`) // the user's, not the device's
	h.patch(at, ann, ` {"quiet": null} `).want(200)
	are(ann, `{"show":"nothing","quiet":null}`)
	are(bob, `{"show":"all","quiet":null}`)
	for body, pointer := range map[string]string{
		`{"show":"some"}`:                              "/show",
		`{"quiet":{"from":0,"to":0,"zone":"UTC"}}`:     "/quiet/to",
		`{"quiet":{"from":-1,"to":10,"zone":"UTC"}}`:   "/quiet/from",
		`{"quiet":{"from":0,"to":1440,"zone":"UTC"}}`:  "/quiet/to",
		`{"quiet":{"from":0,"to":10,"zone":"Local"}}`:  "/quiet/zone",
		`{"quiet":{"from":0,"to":10,"zone":"../etc"}}`: "/quiet/zone",
		`{"quiet":{"to":10,"zone":"UTC"}}`:             "/quiet/from",
		`{"quiet":{"from":0,"zone":"UTC"}}`:            "/quiet/to",
		`{"quiet":{"from":0,"to":10}}`:                 "/quiet/zone",
	} {
		p := h.patch(at, ann, body).refused("bad_request")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s is refused at %v, want %s", body, p.Errors, pointer)
		}
	}
	for _, body := range []string{`{"quiet":null,"quiet":null}`, `{"show":null,"quiet":null}`, `{"quiet":{"from":null,"to":1,"zone":"UTC"}}`} {
		h.patch(at, ann, body).refused("bad_request")
	}
	h.patch(at, ann, `{"quiet":null,"loud":1}`).refused("unknown_field")
	h.patch(at, ann, `{"quiet":{"from":0,"to":10,"zone":"UTC","days":[]}}`).refused("unknown_field")
	are(ann, `{"show":"nothing","quiet":null}`)
}
