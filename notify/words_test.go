package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

func free(key, kind string) notify.Param {
	return notify.Param{Key: key, Label: "Word", Type: kind, Role: notify.Free}
}

// of gives a template's params values: key, type, value, and so on.
func of(said ...string) with {
	data := grant.Values{}
	for i := 0; i < len(said); i += 3 {
		data[said[i]] = map[string]string{said[i+1]: said[i+2]}
	}
	return with{"data": data}
}

// What is said to many is found whatever else is said beside it.
func TestPaddedText(t *testing.T) {
	same := "Great shoes in town"
	kebab := strings.ReplaceAll(same, " ", "-")
	text, name, other := free("text", "text20"), free("name", "name"), free("other", "name")
	code, more := free("code", "code"), free("more", "code")
	for what, test := range map[string]struct {
		params []notify.Param
		say    func(i int) with
		want   string
	}{
		"behind a name": {
			[]notify.Param{name, text}, func(int) with { return of("name", "name", babble(), "text", "text20", same) }, "map[accepted:20 held:3]",
		},
		"behind two": {
			[]notify.Param{name, other, text},
			func(int) with {
				return of("name", "name", babble(), "other", "name", babble(), "text", "text20", same)
			}, "map[accepted:20 held:3]",
		},
		"as a name": {
			[]notify.Param{name, text}, func(int) with { return of("name", "name", same, "text", "text20", babble()) }, "map[accepted:20 held:3]",
		},
		"as a code": {
			[]notify.Param{code}, func(int) with { return of("code", "code", kebab) }, "map[accepted:20 held:3]",
		},
		"over codes": {
			[]notify.Param{code, more, text}, func(int) with {
				return of("code", "code", "Great-shoes", "more", "code", "in-town", "text", "text20", babble())
			}, "map[accepted:20 held:3]",
		},
		"one shop's name": {
			[]notify.Param{name, text}, func(int) with { return of("name", "name", "Bean & Leaf Café", "text", "text20", babble()) }, "map[accepted:23]",
		},
		"one gate": {
			[]notify.Param{code, more}, func(i int) with { return of("code", "code", "GATE-B12", "more", "code", fmt.Sprint("SEAT-", i)) }, "map[accepted:23]",
		},
	} {
		t.Run(what, func(t *testing.T) {
			h := open(t)
			draft := remark()
			draft.Params = append([]notify.Param{order}, test.params...)
			tpl := h.template(h.app(), draft)
			all := h.crowd(tpl, 23)
			h.expect(h.sendAll(tpl, all, test.say), test.want)
		})
	}
}
