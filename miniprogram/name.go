package miniprogram

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/ledger"
)

// text checks what people will read about an app. It is kept as it is, without
// white space around it. at points into the request.
func text(s, at string, most int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !utf8.ValidString(s):
		return "", fault.BadRequest.At(at, "is not UTF-8")
	case utf8.RuneCountInString(s) > most:
		return "", fault.BadRequest.At(at, fmt.Sprintf("has more than %d characters", most))
	case strings.ContainsFunc(s, unseen):
		return "", fault.BadRequest.At(at, "has characters that cannot be seen, or that turn the text around them")
	}
	return s, nil
}

// name checks what an app is to be called: text that shows something.
func name(s string) (string, error) {
	s, err := text(s, "/name", NameRunes)
	if err != nil {
		return "", err
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }) {
		return "", fault.BadRequest.At("/name", "shows nothing")
	}
	return s, nil
}

// category checks what kind of app it is. Those that moderators opened for
// standing notices are package notify's to know.
func category(s string) (string, error) {
	s, err := text(s, "/category", CategoryBytes)
	switch {
	case err != nil:
		return "", err
	case s == "":
		return "", fault.BadRequest.At("/category", "is missing")
	case len(s) > CategoryBytes:
		return "", fault.BadRequest.At("/category", fmt.Sprintf("has more than %d bytes", CategoryBytes))
	}
	return s, nil
}

// unseen tells what has no place in a name by which people know an app: controls,
// line breaks, what has no width, turns the text around it, means something in
// one font only, or nothing at all. The variation selectors that choose between
// text and picture stay.
func unseen(r rune) bool {
	switch {
	case r == '\ufe0e' || r == '\ufe0f':
		return false
	case r == ' ':
		return false
	case r == '\u2800': // a blank, though a symbol
		return true
	}
	return !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}

// fold is a text as it is searched for: compatibility forms and case do not matter.
func fold(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// looks is what a name looks like: two names are taken for each other if theirs is
// the same. Case, compatibility forms, accents, spaces and punctuation do not
// matter, nor which of the Latin, Greek and Cyrillic alphabets a letter is from
// that looks alike in them, nor what a 0 and a 1 and an upper-case I are taken for.
func looks(name string) string {
	folded := fold(name)
	var b strings.Builder
	for _, r := range norm.NFD.String(folded) {
		switch {
		case unicode.In(r, unicode.Mn, unicode.P, unicode.Z):
		case r == '0':
			b.WriteByte('o')
		case r == '1' || r == '|' || alike[r] == 'i' || r == 'i':
			b.WriteByte('l')
		case alike[r] != 0:
			b.WriteRune(alike[r])
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return folded
	}
	return b.String()
}

// alike are the folded Greek and Cyrillic letters that look like a Latin one, small
// or capital.
var alike = func() map[rune]rune {
	m := map[rune]rune{}
	for _, pair := range strings.Fields("αa βb εe ζz ηh ιi κk μm νn οo ρp τt υy χx аa вb еe ѕs іi јj кk мm нh оo рp сc тt уy хx һh ԁd ԛq ԝw ɡg ıi") {
		other, n := utf8.DecodeRuneInString(pair)
		m[other] = rune(pair[n])
	}
	return m
}()

// reserved are the looks of names by which people would take an app for whoever
// runs the server.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range []string{
		"Teahouse", "Teahouse Team", "Teahouse Security", "Teahouse Support", "Teahouse Official", "System", "System Notice", "Service Notices",
		"Admin", "Administrator", "Moderator", "Moderators", "Moderation",
	} {
		m[looks(name)] = true
	}
	return m
}()

// namePart is where it stands whose a name is. A developer's apps may share one.
func namePart(name string) ledger.Part {
	sum := sha256.Sum256([]byte(looks(name)))
	return ledger.Part("app-name/" + hex.EncodeToString(sum[:16]))
}
