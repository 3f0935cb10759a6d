package notify

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/notify/grant"
)

// Types of params.
const (
	typeText   = "text20" // free text
	typeName   = "name"   // of a person, a shop, a place
	typeNumber = "number"
	typeAmount = "amount"
	typeDate   = "date"
	typeTime   = "time"
	typeCode   = "code" // to be compared or keyed in
	typePhone  = "phone_masked"
	typeEnum   = "enum" // one of what a moderator has read
)

// valueRunes are the most code points of values whose template may set fewer.
var valueRunes = map[string]int{typeText: 20, typeName: 20, typeCode: 20}

var (
	numberForm = regexp.MustCompile(`^-?(?:0|[1-9][0-9]{0,8})$`)
	amountForm = regexp.MustCompile(`^-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,2})?$`)
	dateForm   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	timeForm   = regexp.MustCompile(`^(?:[01][0-9]|2[0-3]):[0-5][0-9]$`)
	codeForm   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$`)
	phoneForm  = regexp.MustCompile(`^\+?[0-9]{1,5}[ -]?\*{3,8}[ -]?[0-9]{2,4}$`)
	// Codes that are numbers to call all the same.
	codeToCall = regexp.MustCompile(`^1[3-9]\d-?\d{4}-?\d{4}$|^\d{3}-\d{3}-\d{4}$|^[48]00-?\d{3}-?\d{4}$|^0\d{2,3}-\d{7,8}$|^86-?1[3-9]\d{9}$`)
	codeSells  = regexp.MustCompile(`(?i)^\d{1,3}-?(?:pct-?|percent-?)?[o0]ff|^(?:sale|save|promo|free|win|deal|discount|coupon)(?:-[a-z0-9-]*|\d*)$|-(?:off|sale|discount)$`)
	mobile     = regexp.MustCompile(`(?:^|[^0-9])1[3-9][0-9]{9}(?:[^0-9]|$)|\+ ?[0-9]{10,15}`)
)

// value brings a param's value into the form in which it is kept and shown, or
// says what is wrong with it.
func (p Param) value(s string) (shown, wrong string) {
	if wrong = unfit(s); wrong != "" {
		return "", wrong
	}
	shown = plain(s)
	if wrong = unfit(shown); wrong != "" {
		return "", wrong
	}
	most := valueRunes[p.Type]
	if p.Max > 0 {
		most = min(most, p.Max)
	}
	ok := false
	switch p.Type {
	case typeText, typeName:
		switch shown = strings.TrimSpace(shown); {
		case !strings.ContainsFunc(shown, drawn):
			return "", "is empty"
		case runes(s) > most || runes(shown) > most:
			return "", "is too long"
		}
		ok = true
	case typeNumber:
		ok = numberForm.MatchString(shown)
	case typeAmount:
		ok = amountForm.MatchString(shown)
	case typeDate:
		_, err := time.Parse(time.DateOnly, shown)
		ok = err == nil && dateForm.MatchString(shown)
	case typeTime:
		ok = timeForm.MatchString(shown)
	case typeCode:
		ok = codeForm.MatchString(shown) && len(shown) <= most
	case typePhone:
		ok = phoneForm.MatchString(shown)
	case typeEnum:
		ok = slices.Contains(p.Values, shown)
	}
	if !ok {
		return "", "is no " + p.Type
	}
	return shown, ""
}

// drawn tells whether a character of a fit text shows something.
func drawn(r rune) bool { return r != ' ' && r != '\u3000' }

// said reads the params of one role, or with both those that were locked before,
// out of what was given: each exactly once, by its own type. Locked ones that
// came before may be repeated as they were. It returns the values in their form.
func said(params []Param, role string, given, before grant.Values, at string) (grant.Values, error) {
	got := grant.Values{}
	for key, typed := range given {
		i := slices.IndexFunc(params, func(p Param) bool { return p.Key == key })
		if i < 0 || params[i].Role != role && before == nil {
			return nil, ErrParam.At(pointer(at, key), "is no param of this")
		}
		p := params[i]
		s, ok := typed[p.Type]
		if !ok || len(typed) != 1 {
			return nil, ErrParam.At(pointer(at, key), "has to be one "+p.Type)
		}
		if p.Role != role { // a locked one, again
			if shown, _ := p.value(s); shown == "" || shown != before[key][p.Type] {
				return nil, ErrLocked.At(pointer(at, key), "was another one when the user agreed")
			}
			continue
		}
		shown, wrong := p.value(s)
		if wrong != "" {
			return nil, ErrParam.At(pointer(at, key), wrong)
		}
		got[key] = map[string]string{p.Type: shown}
	}
	for _, p := range params {
		if _, ok := got[p.Key]; p.Role == role && !ok {
			return nil, ErrParam.At(pointer(at, p.Key), "is missing")
		}
	}
	return got, nil
}

func pointer(at, key string) string {
	return at + "/" + pointed.Replace(key)
}

var pointed = strings.NewReplacer("~", "~0", "/", "~1")

// screen refuses values of which one, or some together, say what no notice may
// say. They are in their form, and of the params; others are not looked at.
func screen(params []Param, values grant.Values, at string) error {
	var texts, all []string // texts are what is written freely
	for _, p := range params {
		s, ok := values[p.Key][p.Type]
		if !ok {
			continue
		}
		what := finding("")
		switch p.Type {
		case typeText, typeName:
			what = find(s)
			texts = append(texts, s)
		case typeCode:
			switch {
			case codeToCall.MatchString(s):
				what = number
			case codeSells.MatchString(s):
				what = advert
			}
		}
		if what != "" {
			return ErrContent.At(pointer(at, p.Key), string(what))
		}
		all = append(all, s)
	}
	if what := together(texts, all); what != "" {
		return ErrContent.At(at, "together "+string(what))
	}
	return nil
}

// together finds what only several values say, in the order of the template or
// two by two.
func together(texts, all []string) finding {
	if len(texts) == 0 || len(all) < 2 {
		return ""
	}
	for _, by := range []string{" ", ""} {
		if what := find(strings.Join(texts, by)); what != "" && len(texts) > 1 {
			return what
		}
		if what := across(strings.Join(all, by)); what != "" {
			return what
		}
		for i, a := range all {
			for j, b := range all {
				if i == j || j < i && by == "" || !slices.Contains(texts, a) && !slices.Contains(texts, b) {
					continue
				}
				if what := across(a + by + b); what != "" {
					return what
				}
			}
		}
	}
	return ""
}

var unspaced = strings.NewReplacer(" ", "", "-", "")

// across is find for values of all types put together, whose digits are many anyway.
func across(s string) finding {
	t := fold(s)
	q := squashed(t)
	switch {
	case matches(addresses, t) || squashedAddress.MatchString(q):
		return address
	case mobile.MatchString(unspaced.Replace(t)):
		return number
	case sells(t, q):
		return advert
	}
	return ""
}
