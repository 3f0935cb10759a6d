package notify

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Whatever is taken is one plain object that every reader reads alike.
func FuzzReadNotice(f *testing.F) {
	for _, s := range []string{
		`{"grant":"gh1_x","template":"t-x","data":{"a":{"code":"A17"}},"page":"/q","idempotency_key":"k"}`,
		`{"grant":"gh1_x","template":"t-x","page":"/q","idempotency_key":"k","state":"s","to":1}`,
		`[{}]`, `{"data":{"a":{"b":"\ud800"}}}`, `{"grant":"a","Grant":"b"}`, `{"a":1}{"b":2}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := readNotice(raw)
		if err != nil {
			return
		}
		var plain struct {
			Grant    string                       `json:"grant"`
			Template string                       `json:"template"`
			Data     map[string]map[string]string `json:"data"`
			Page     string                       `json:"page"`
			Key      string                       `json:"idempotency_key"`
			State    string                       `json:"state"`
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&plain); err != nil || d.More() {
			t.Fatalf("taken, but no plain object: %v", err)
		}
		if plain.Grant != r.handle || plain.Template != r.template || plain.Page != r.page || plain.Key != r.key || plain.State != r.state || len(plain.Data) != len(r.data) {
			t.Fatalf("read as %+v by others, as %+v here", plain, r)
		}
		for k, v := range plain.Data {
			for kind, s := range v {
				if r.data[k][kind] != s {
					t.Fatalf("%s is %q to others, %q here", k, s, r.data[k][kind])
				}
			}
		}
	})
}

// What passes is what the reader sees: it is fit, and of one form.
func FuzzText(f *testing.F) {
	for _, s := range []string{"At the window seat", "５０％ ＯＦＦ", "靠窗的座位，谢谢！", "tea . com", "❤️", "a\u200bb", "ﷺ", "e\u0301\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := Param{Key: "note", Type: typeText, Role: Free}
		shown, wrong := p.value(s)
		if wrong != "" {
			return
		}
		if again, wrong := p.value(shown); wrong != "" || again != shown {
			t.Fatalf("%q is shown as %q, that as %q (%s)", s, shown, again, wrong)
		}
		if find(s) != "" != (find(shown) != "") {
			t.Fatalf("%q: %q; as shown, %q: %q", s, find(s), shown, find(shown))
		}
	})
}
