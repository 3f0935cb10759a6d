package notify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// marksMost is how many marks may stand on one letter: enough for every script
// that people write, too few to paint over the lines around it.
const marksMost = 4

// unfit says what is wrong with the characters of a text that people read as it
// stands: it is to have none that cannot be seen, that turn or hide what is
// around them, or that every device shows in another way. "" is fit.
func unfit(s string) string {
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	last, marks := ' ', 0
	for _, r := range s {
		switch {
		case r == '\ufe0f' || r == '\ufe0e':
			if !unicode.Is(unicode.So, last) && !unicode.Is(unicode.Sm, last) {
				return "has a character that cannot be seen"
			}
		case hidden(r):
			return "has a character that cannot be seen, or that turns the text around it"
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return "has a control character or a line break"
		case unicode.Is(unicode.Co, r), r == utf8.RuneError, r&0xfffe == 0xfffe, 0xfdd0 <= r && r <= 0xfdef:
			return "has a character that stands for nothing"
		}
		if marks++; !unicode.IsMark(r) {
			marks = 0
		}
		if marks > marksMost {
			return "has too many marks on one letter"
		}
		last = r
	}
	return ""
}

// hidden tells what takes no room or draws nothing: format characters (joiners,
// marks of direction, tags), selectors of variants, fillers.
func hidden(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// plain is a text in its compatible form (NFKC), in which look-alike widths,
// styles and ligatures are ordinary letters. The punctuation that Chinese and
// Japanese are written with stays as it is.
func plain(s string) string {
	var b strings.Builder
	from := 0
	for i, r := range s {
		if strings.ContainsRune("！，．：；？（）～", r) {
			b.WriteString(norm.NFKC.String(s[from:i]))
			b.WriteRune(r)
			from = i + utf8.RuneLen(r)
		}
	}
	b.WriteString(norm.NFKC.String(s[from:]))
	return b.String()
}

// fold is a text as a quick reader sees it, for finding what it says rather than
// how it is dressed up: compatible form, small letters, letters of other scripts
// that look like Latin ones as those, nothing that cannot be seen, no accents on
// Latin letters, one space for all white space.
func fold(s string) string {
	var b strings.Builder
	latin := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case hidden(r) || unicode.Is(unicode.Co, r):
			continue
		case unicode.IsMark(r):
			if !latin { // marks carry meaning in other scripts
				b.WriteRune(r)
			}
			continue
		case unicode.IsSpace(r) || unicode.IsControl(r):
			r = ' '
		}
		r = unicode.ToLower(enclosed(r))
		if to, ok := lookAlikes[r]; ok {
			r = to
		} else if unicode.Is(unicode.Nd, r) {
			r = digit(r)
		}
		latin = 'a' <= r && r <= 'z'
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(norm.NFKC.String(b.String())), " ")
}

// enclosed finds the letter in a ball, a box or a flag, which the compatible form
// leaves as it is.
func enclosed(r rune) rune {
	for _, from := range [...]rune{0x1f150, 0x1f170, 0x1f1e6} {
		if from <= r && r < from+26 {
			return 'a' + r - from
		}
	}
	return r
}

// lookAlikes are letters and signs that look like those of ASCII, after NFKD and
// in small letters.
var lookAlikes = func() map[rune]rune {
	m := map[rune]rune{}
	for to, all := range map[rune]string{
		'a': "аαɑ⍺ꭺ", 'b': "ьвƅ", 'c': "сϲⅽᴄ", 'd': "ԁɗ", 'e': "еєε℮ҽ", 'f': "ƒſꞙғ", 'g': "ɡցǥ",
		'h': "һհнʜ", 'i': "іιıɩ", 'j': "јϳ", 'k': "кκĸ", 'l': "ⅼןƖӏӀ", 'm': "мⅿ", 'n': "пηոɴ", 'o': "оοօσ๐໐০ഠ၀ⲟøɵ",
		'p': "рρϱ", 'q': "ԛզ", 'r': "гꭇᴦ", 's': "ѕꜱƽ", 't': "тτᴛ", 'u': "υսʋ", 'v': "νѵᴠ", 'w': "ԝωѡᴡ", 'x': "хχ᙮",
		'y': "уγүყ", 'z': "ᴢʐ",
		'.': "。．｡․·・•∙⋅٠۔", ':': "：ː∶꞉׃", '/': "⁄∕╱⧸／", '@': "＠﹫", '%': "٪", '-': "‐‑‒–—−―﹣－", '+': "＋﹢",
	} {
		for _, from := range all {
			m[from] = to
		}
	}
	return m
}()

// digit is a decimal digit of any script as one of ASCII. Unicode keeps those of a
// script together, from 0 on.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	return r
}

// squashed is a folded text without white space.
func squashed(folded string) string { return strings.ReplaceAll(folded, " ", "") }

// matter is a subject in the form in which two that look the same are the same.
func matter(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToLower(norm.NFKC.String(s))))), " ")
}

func runes(s string) int { return utf8.RuneCountInString(s) }
