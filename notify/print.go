package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// The board compares letters. What media are and look like is spelled for it, in
// words that nothing else resembles.

// digestDigits of a digest are spelled: 128 bits.
const digestDigits = 32

// prints are the words for a medium: for its content, and for its look if it has one.
func (m *Medium) prints() []string {
	digest := m.Digest
	if len(digest) < digestDigits { // it was uploaded when nobody took any
		sum := sha256.Sum256([]byte(m.ID))
		digest = hex.EncodeToString(sum[:])
	}
	words := []string{inLetters(digest[:digestDigits])}
	if look, err := strconv.ParseUint(m.Look, 16, 64); err == nil {
		words = append(words, pictured(look, 4*len(m.Look)))
	}
	return words
}

// inLetters is a number in letters of which none looks like another one.
func inLetters(digits string) string {
	const letters = "abcdefghjkmnprtv"
	return strings.Map(func(r rune) rune {
		n, _ := strconv.ParseUint(string(r), 16, 8)
		return rune(letters[n])
	}, digits)
}

// pictured has a character for each bit of a look, of which there are two for each
// place: two looks have as many pairs of neighbours in common as there are places
// where they agree.
func pictured(look uint64, bits int) string {
	const first = '\u4e00' // and what follows are letters that nothing decomposes
	var b strings.Builder
	for i := range bits {
		b.WriteRune(first + rune(2*i) + rune(look>>i&1))
	}
	return b.String()
}
