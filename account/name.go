package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const nameRunes = 64 // code points of a display name, at most

// displayName checks what somebody wants to be called. It is kept as it is,
// without white space around it; a blank one is the user id. at points into the request.
func displayName(u id.User, name, at string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return string(u), nil
	case !utf8.ValidString(name):
		return "", fault.BadRequest.At(at, "is not UTF-8")
	case utf8.RuneCountInString(name) > nameRunes:
		return "", fault.BadRequest.At(at, fmt.Sprintf("has more than %d characters", nameRunes))
	case strings.ContainsFunc(name, unprintable):
		return "", fault.BadRequest.At(at, "has characters that cannot be shown, or that turn the text around them")
	case !strings.ContainsFunc(name, unicode.IsGraphic):
		return "", fault.BadRequest.At(at, "shows nothing")
	}
	return name, nil
}

// unprintable tells what has no place in a name: control characters, line
// breaks, and what overrides the direction of the text around it. Joiners stay:
// emoji and several scripts are written with them.
func unprintable(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff',
		'\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
		return true
	}
	return false
}
