package notify

import (
	"errors"
	"fmt"
	"testing"

	"github.com/teahouse-im/teahouse/notify/grant"
)

func TestValues(t *testing.T) {
	enum := []string{"called", "waiting", "À l'heure"}
	for _, c := range []struct{ kind, in, want string }{
		{typeNumber, "3", "3"},
		{typeNumber, "0", "0"},
		{typeNumber, "-12", "-12"},
		{typeNumber, "１２", "12"},
		{typeNumber, "007", ""},
		{typeNumber, "3.5", ""},
		{typeNumber, "1e3", ""},
		{typeNumber, " 3", ""},
		{typeNumber, "13800138000", ""},
		{typeNumber, "", ""},
		{typeNumber, "0x1f", ""},
		{typeNumber, "+3", ""},
		{typeNumber, "-", ""},
		{typeNumber, "3\n", ""},
		{typeNumber, "NaN", ""},
		{typeAmount, "12.50", "12.50"},
		{typeAmount, "12", "12"},
		{typeAmount, "0.5", "0.5"},
		{typeAmount, "-3.20", "-3.20"},
		{typeAmount, "12.505", ""},
		{typeAmount, "1,234.00", ""},
		{typeAmount, ".50", ""},
		{typeAmount, "$12.50", ""},
		{typeAmount, "12.50 OFF", ""},
		{typeAmount, "50%", ""},
		{typeDate, "2026-11-29", "2026-11-29"},
		{typeDate, "2028-02-29", "2028-02-29"},
		{typeDate, "2026-02-29", ""},
		{typeDate, "2026-13-01", ""},
		{typeDate, "29.11.2026", ""},
		{typeDate, "2026-1-2", ""},
		{typeDate, "tomorrow", ""},
		{typeDate, "2026-11-29T10:00", ""},
		{typeTime, "18:05", "18:05"},
		{typeTime, "00:00", "00:00"},
		{typeTime, "24:00", ""},
		{typeTime, "18:60", ""},
		{typeTime, "8:05", ""},
		{typeTime, "6 pm", ""},
		{typeTime, "18:05:00", ""},
		{typeTime, "１８：０５", ""},
		{typeCode, "A17", "A17"},
		{typeCode, "Ａ１７", "A17"},
		{typeCode, "SF-2026-0012", "SF-2026-0012"},
		{typeCode, "12345678901234567890", "12345678901234567890"},
		{typeCode, "123456789012345678901", ""},
		{typeCode, "A 17", ""},
		{typeCode, "A_17", ""},
		{typeCode, "tea.com", ""},
		{typeCode, "А17", ""},
		{typeCode, "-A17", ""},
		{typeCode, "A17\u200b", ""},
		{typeCode, "", ""},
		{typeCode, "50% OFF today!!", ""},
		{typeCode, "优惠", ""},
		{typePhone, "138****8000", "138****8000"},
		{typePhone, "+49 30 ****67", ""},
		{typePhone, "+4930****67", "+4930****67"},
		{typePhone, "13800138000", ""},
		{typePhone, "138*8000", ""},
		{typePhone, "***", ""},
		{typePhone, "call ****", ""},
		{typePhone, "138001****80001", ""},
		{typeEnum, "called", "called"},
		{typeEnum, "Called", ""},
		{typeEnum, "called ", ""},
		{typeEnum, "other", ""},
		{typeEnum, "ｃａｌｌｅｄ", "called"},
		{typeName, "Wang Xiaoming", "Wang Xiaoming"},
		{typeName, "王小明", "王小明"},
		{typeName, "O’Brien-Łukasz", "O’Brien-Łukasz"},
		{typeName, "a name that is far too long", ""},
		{typeText, "  spaced  ", "spaced"},
		{typeText, "好的，谢谢！", "好的，谢谢！"},
		{typeText, "ＡＢＣ", "ABC"},
		{typeText, "ﬁne", "fine"},
	} {
		p := Param{Key: "k", Type: c.kind, Values: enum}
		got, wrong := p.value(c.in)
		if got != c.want || (wrong == "") != (c.want != "") {
			t.Errorf("%s %q: %q (%s), not %q", c.kind, c.in, got, wrong, c.want)
		}
	}
	if _, wrong := (Param{Type: typeText, Max: 5}).value("123456"); wrong == "" {
		t.Error("a text is longer than its template has it")
	}
}

// What no single value says, several may.
func TestSaidTogether(t *testing.T) {
	params := func(types ...string) []Param {
		var all []Param
		for i, k := range types {
			all = append(all, Param{Key: fmt.Sprint("p", i), Type: k, Role: Free, Values: []string{"called", "50%"}})
		}
		return all
	}
	for _, c := range []struct {
		types, values []string
		want          error
	}{
		{[]string{typeName, typeText}, []string{"50%", "OFF today"}, ErrContent},
		{[]string{typeText, typeName}, []string{"OFF today", "50%"}, ErrContent},
		{[]string{typeNumber, typeText}, []string{"50", "% OFF"}, ErrContent},
		{[]string{typeNumber, typeDate, typeText}, []string{"50", "2026-11-29", "% OFF"}, ErrContent},
		{[]string{typeCode, typeText}, []string{"50", "％ ＯＦＦ"}, ErrContent},
		{[]string{typeName, typeText}, []string{"dis", "count day"}, ErrContent},
		{[]string{typeName, typeText}, []string{"teahouse", ".com"}, ErrContent},
		{[]string{typeName, typeText}, []string{"teahouse.", "com/x"}, ErrContent},
		{[]string{typeName, typeText}, []string{"138 0013", "8000 anytime"}, ErrContent},
		{[]string{typeCode, typeText}, []string{"13800138", "000 is ours"}, ErrContent},
		{[]string{typeName, typeText}, []string{"加", "微信 tea88"}, ErrContent},
		{[]string{typeName, typeText}, []string{"@", "teahouse"}, ErrContent},
		{[]string{typeName, typeName, typeText}, []string{"半", "Tea", "价奶茶"}, ErrContent},
		{[]string{typeEnum, typeText}, []string{"50%", "OFF today"}, ErrContent},
		{[]string{typeCode}, []string{"13800138000"}, ErrContent},
		{[]string{typeCode}, []string{"50-OFF"}, ErrContent},
		{[]string{typeCode}, []string{"SALE"}, ErrContent},
		{[]string{typeCode}, []string{"SAVE50"}, ErrContent},

		{[]string{typeCode, typeEnum}, []string{"A17", "called"}, nil},
		{[]string{typeCode}, []string{"75312345678901"}, nil},
		{[]string{typeCode}, []string{"OFFICE-2"}, nil},
		{[]string{typeCode, typeText}, []string{"20261129001", "3 persons"}, nil},
		{[]string{typeDate, typeTime, typeText}, []string{"2026-11-29", "18:05", "window 3"}, nil},
		{[]string{typeNumber, typeText}, []string{"50", "guests are coming"}, nil},
		{[]string{typeNumber, typeText}, []string{"50", "% of it is done"}, nil},
		{[]string{typeAmount, typeName, typeText}, []string{"12.50", "Teahouse", "2 cups"}, nil},
		{[]string{typePhone, typeName}, []string{"138****8000", "Wang"}, nil},
		{[]string{typeName, typeCode}, []string{"WeChat Pay", "P12345"}, nil},
		{[]string{typeName, typeName, typeTime}, []string{"Dr. Li", "Ann", "09:30"}, nil},
		{[]string{typeName, typeText}, []string{"Com Kai", "Ready."}, nil},
		{[]string{typeDate, typeDate, typeAmount}, []string{"2026-11-29", "2026-12-29", "1200.00"}, nil},
	} {
		ps := params(c.types...)
		given := grant.Values{}
		for i, p := range ps {
			given[p.Key] = map[string]string{p.Type: c.values[i]}
		}
		values, err := said(ps, Free, given, grant.Values{}, "/data")
		if err == nil {
			err = screen(ps, values, "/data")
		}
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%v %q: %v, not %v", c.types, c.values, err, c.want)
		}
	}
}

func TestSaid(t *testing.T) {
	params := []Param{{Key: "order", Type: typeCode, Role: Locked}, {Key: "note", Type: typeText, Role: Free}}
	locked := grant.Values{"order": {typeCode: "A17"}}
	note := map[string]string{typeText: "ready"}
	for _, c := range []struct {
		given grant.Values
		want  error
	}{
		{grant.Values{"note": note}, nil},
		{grant.Values{"note": note, "order": {typeCode: "A17"}}, nil},
		{grant.Values{"note": note, "order": {typeCode: "Ａ17"}}, nil}, // the same, as it is kept
		{grant.Values{"note": note, "order": {typeCode: "A18"}}, ErrLocked},
		{grant.Values{"note": note, "order": {typeCode: "a17"}}, ErrLocked},
		{grant.Values{"note": note, "order": {typeCode: ""}}, ErrLocked},
		{grant.Values{"note": note, "order": {typeText: "A17"}}, ErrParam},
		{grant.Values{"note": note, "order": {}}, ErrParam},
		{grant.Values{}, ErrParam},
		{grant.Values{"order": {typeCode: "A17"}}, ErrParam},
		{grant.Values{"note": note, "more": note}, ErrParam},
		{grant.Values{"note": {typeText: "ready", typeCode: "A1"}}, ErrParam},
		{grant.Values{"note": {}}, ErrParam},
		{grant.Values{"Note": note}, ErrParam},
		{grant.Values{"note": {"text": "ready"}}, ErrParam},
	} {
		got, err := said(params, Free, c.given, locked, "/data")
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%v: %v, not %v", c.given, err, c.want)
		}
		if err == nil && len(got) != 1 {
			t.Errorf("%v: %v has more than what is free", c.given, got)
		}
	}
	// At the sheet it is exactly the locked ones.
	for _, given := range []grant.Values{nil, {}, {"note": note}, {"order": {typeCode: "A17"}, "note": note}, {"order": {typeText: "A17"}}} {
		if _, err := said(params, Locked, given, nil, "/locked"); !errors.Is(err, ErrParam) {
			t.Errorf("at the sheet, %v: %v", given, err)
		}
	}
	if got, err := said(params, Locked, locked, nil, "/locked"); err != nil || got["order"][typeCode] != "A17" {
		t.Errorf("at the sheet: %v, %v", got, err)
	}
}
