package notify

import (
	"strings"
	"unicode"

	"github.com/teahouse-im/teahouse/notify/grant"
)

// Params that are not for text say something all the same if their words have more
// than textLess letters: "Bean & Leaf Café" does not, "Great shoes in town" does.
const (
	textLess  = 12
	wordLeast = 3 // letters of a word
)

// Answers in windows are compared by their beginning, and by further pieces of
// pieceLetters that begin every pieceStep: of one that has the same in it, at least
// one piece has most of that.
const (
	pieceLetters = 48
	pieceStep    = 24
	piecesMost   = 9
)

// A saying is what a notice says in its app's own words, as the board sees it:
// whole, and part by part, so that one part cannot hide another.
type saying struct {
	whole []string
	parts []string
}

// says finds what is said in free params. A text is compared by itself beside
// names, and so are names and codes that are no names and codes.
func (t *Template) says(data grant.Values) (of saying) {
	var texts, names, codes []string
	for _, p := range t.Params {
		if p.Role != Free {
			continue
		}
		switch s := data[p.Key][p.Type]; p.Type {
		case typeText:
			texts = append(texts, s)
			of.whole = append(of.whole, s)
		case typeName:
			names = append(names, s)
			of.whole = append(of.whole, s)
		case typeCode:
			codes = append(codes, strings.ReplaceAll(s, "-", " "))
		}
	}
	if len(names) > 0 {
		of.parts = texts
		if all := strings.Join(names, " "); len(texts) > 0 && wordy(all) > textLess {
			of.parts = append(of.parts, all)
		}
	}
	if all := strings.Join(codes, " "); wordy(all) > textLess {
		if len(of.whole) == 0 {
			of.whole = []string{all}
		} else {
			of.parts = append(of.parts, all)
		}
	}
	return of
}

// wordy is how many letters a text has in words without digits. A character of a
// script without spaces is two.
func wordy(s string) (n int) {
	for word := range strings.FieldsSeq(s) {
		letters := 0
		for _, r := range word {
			switch {
			case unicode.IsDigit(r):
				letters -= len(word) // no word
			case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
				letters += 2
			case unicode.IsLetter(r):
				letters++
			}
		}
		if letters >= wordLeast {
			n += letters
		}
	}
	return n
}

// pieces are the parts of a long text, without its beginning.
func pieces(text string) (of []string) {
	var starts []int // of the letters, in bytes
	for i, r := range text {
		if unicode.IsLetter(r) {
			starts = append(starts, i)
		}
	}
	last := len(starts) - pieceLetters
	for at := pieceStep; at-pieceStep < last && len(of) < piecesMost; at += pieceStep {
		at := min(at, last)
		end := len(text)
		if at < last {
			end = starts[at+pieceLetters]
		}
		of = append(of, text[starts[at]:end])
	}
	return of
}
