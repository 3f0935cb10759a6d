package shape

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A skeleton is what is left of a text when everything is gone that changes how
// it is dressed but not what a reader takes from it: case, width, accents, marks,
// spaces, punctuation, pictures, numbers, invisible characters, repeated letters,
// and letters of other alphabets that look like Latin ones.
//
// A letter is one byte: a Latin one itself, another one a hash. Two of them in a
// row, which is what is compared, are hardly ever alike by accident.
type skeleton struct {
	letters string // in the order of the text; at most lettersMost
	whole   uint64 // of all words in no particular order; of a text with hardly any letters, of the characters in it
}

const (
	// lettersMost bounds what is compared: free text is at most 20 code points, and a
	// template has one.
	lettersMost = 48
	// lettersFew is how many letters make a text that can resemble another. "A17" and
	// "A18" have too few: they are the same only if they are equal.
	lettersFew = 4
)

// strip makes the skeleton of a notice's free text; ok is false if there is none.
func strip(texts []string) (s skeleton, ok bool) {
	var words []string
	var letters []rune
	var bare strings.Builder // what is compared where hardly anything is left
	for _, text := range texts {
		text = undress(text)
		bare.WriteString(strings.Join(strings.Fields(text), ""))
		for token := range strings.FieldsSeq(text) {
			if w := slices.Compact(word([]rune(token))); len(w) > 0 {
				words = append(words, string(w))
				letters = append(letters, w...)
			}
		}
	}
	if bare.Len() == 0 {
		return s, false
	}
	letters = slices.Compact(letters)
	if len(letters) < lettersFew {
		s.whole = sum("bare", bare.String())
		return s, true
	}
	slices.Sort(words)
	s.whole = sum(append([]string{"words"}, words...)...)
	letters = letters[:min(len(letters), lettersMost)]
	b := make([]byte, 0, len(letters))
	for _, r := range letters {
		if r < unicode.MaxASCII {
			b = append(b, byte(r))
		} else {
			b = append(b, byte(mix(uint64(r)))|0x80)
		}
	}
	s.letters = string(b)
	return s, true
}

// undress takes away case, width, accents, marks and what cannot be seen.
func undress(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.M, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			continue
		case unicode.IsSpace(r) || unicode.Is(unicode.Z, r) || blank(r):
			b.WriteByte(' ')
			continue
		case unicode.IsControl(r):
			continue
		}
		r = enclosed(r)
		if l, ok := lookalikes[r]; ok {
			r = l
		}
		r = unicode.ToLower(r)
		if l, ok := lookalikes[r]; ok {
			r = l
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String()) // Hangul is one character a syllable again
}

// blank are letters by their class that show nothing.
func blank(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800':
		return true
	}
	return false
}

// enclosed finds the letter in a box, a ball or a flag, which compatibility
// decomposition leaves as it is.
func enclosed(r rune) rune {
	for _, from := range [...]rune{0x1f150, 0x1f170, 0x1f1e6} { // balls, boxes, flags
		if r >= from && r < from+26 {
			return 'a' + r - from
		}
	}
	return r
}

// word is the letters of what stands between two spaces. Digits that stand in for
// letters ("s4le") are read as those; others are numbers, which do not count.
func word(token []rune) []rune {
	letters, digits := 0, 0
	for _, r := range token {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	leet := letters >= 2 && digits <= 2
	out := token[:0:0]
	for i, r := range token {
		switch {
		case unicode.IsLetter(r):
			out = append(out, r)
		case leet && unicode.IsDigit(r) && !digitAt(token, i-1) && !digitAt(token, i+1), i+1 < len(token) && unicode.IsLetter(token[i+1]):
			if l, ok := stands[r]; ok {
				if unicode.IsDigit(r) && (!leet || digitAt(token, i-1)) {
					continue
				}
				out = append(out, l)
			}
		}
	}
	return out
}

func digitAt(token []rune, i int) bool { return i >= 0 && i < len(token) && unicode.IsDigit(token[i]) }

// stands are characters that stand in for letters.
var stands = map[rune]rune{
	'0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g',
	'@': 'a', '$': 's', '!': 'l', '|': 'l', '€': 'e', '£': 'l', '¢': 'c', '+': 't',
}

// lookalikes are letters that look like Latin ones, after accents are gone: Cyrillic,
// Greek, Armenian, Cherokee, and Latin's own. It reads i as l, since a capital I, an l and a 1 look alike.
var lookalikes = pairs(
	"аaвbсcԁdеeєeғfһhнhіlіlјjкkмmпnоoрpԛqгrѕsтtуyυuѵvԝwхxүyзeбb" + "АaВbСcЕeНhІlЈjКkМmОoРpЅsТtУyХxҮyЗe" +
		"αaβbγyεeηnιlκkμuνvοoρpσoςsτtυuχxωwϲcϳj" + "ΑaΒbΕeΖzΗhΙlΚkΜmΝnΟoΡpΤtΥyΧxϹc" +
		"օoոnսuհhցgյjզqաwՕoՍuԼl" + "ᎪaᏴbᏟcᎠdᎬeᏀgᎻhᎥlᏦkᏞlᎷmᏢpᏒrᏚsᎢtᏙvᎳwᏃz" +
		"ıliljljlɩlɪlłlŁløoØođdĐdħhĦhŧtŦtɡgɑaɐaæaœoßsþpðdŋnʀrʏyʙbɢgʜhʟlɴnᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzꜱsǃl" + "IlJj")

func pairs(s string) map[rune]rune {
	m := map[rune]rune{}
	r := []rune(s)
	for i := 0; i < len(r); i += 2 {
		m[r[i]] = r[i+1]
	}
	return m
}
