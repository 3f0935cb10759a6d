package grant

import (
	"reflect"
	"testing"
)

// A body is what encode makes of it, whatever it has.
func TestBody(t *testing.T) {
	var empty, full, odd Shown
	var n int64
	fill(t, reflect.ValueOf(&full).Elem(), &n)
	odd = full
	odd.Title, odd.Page, odd.Params = "\"{[:,\\\u2028 <&>茶 \x01", "{", []Param{{Key: "[", Label: ":"}, {}}
	odd.Data = Values{"b": {}, "a": {"z": "{", "y": ""}, "": nil}
	for _, s := range []Shown{empty, full, odd} {
		got, err := s.body()
		want, err2 := encode(&s)
		if err != nil || err2 != nil || string(got) != string(want) {
			t.Errorf("a body is\n%s instead of\n%s (%v, %v)", got, want, err, err2)
		}
	}
	if _, err := (&Shown{Title: "\xff"}).body(); err == nil {
		t.Error("what is no text is written")
	}
}

func BenchmarkBody(b *testing.B) {
	s := Shown{
		Notice: "n-abc", App: "app-x", AppName: "Noodles", Template: "t-1", Title: "Your turn", Page: "/ride", State: "s1", Alert: true,
		Data:   Values{"order": {"code": "A1"}, "status": {"enum": "moved"}},
		Params: []Param{{"order", "Order", "code", "A1"}, {"status", "Status", "enum", "moved"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.body(); err != nil {
			b.Fatal(err)
		}
	}
}
