package property

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold is a text as searches compare it: words of lower-case letters without accents, with one space between any two.
// Two texts with equal folds are the same to a search. Punctuation is a space, and an apostrophe is nothing: "Kings’
// Cross, 85 m²" is "kings cross 85 m2". A bar stays, as a border that no phrase crosses. Equal texts in NFC and NFD
// have equal folds, and the fold of a fold is itself.
//
// The steps, which the function gable_fold of triggers.sql takes as well:
//
//  1. Lower case, and early what stands for something else once it is decomposed: ´ is an apostrophe, ｜ ™ ℠ are
//     spaces.
//  2. Compatibility decomposition (NFKD) and lower case again. Spaces for punctuation, nothing for apostrophes, and the
//     plain letters for ø, ß and their like.
//  3. No accents on the letters of Latin and Greek, on Cyrillic vowels, and after a space. Canonical composition (NFC).
//  4. One space for several, and none at either end.
func Fold(text string) string {
	folded, _ := fold(text)
	return folded
}

// fold also reports whether every store folds the text like this.
func fold(text string) (folded string, sure bool) {
	if isFolded(text) {
		return text, true
	}
	if folded, ok := foldLatin(text); ok {
		return collapsed(folded), true
	}
	sure = !strings.ContainsFunc(text, foldsUnalike)
	apart := norm.NFKD.String(strings.Map(lowered, text))
	if strings.Contains(apart, joiner) { // which norm also inserts into a long run of accents
		sure = false
	}
	var b strings.Builder
	for _, r := range apart {
		sure = sure && foldsAlike(r)
		b.WriteString(foldRune(r))
	}
	return collapsed(norm.NFC.String(withoutAccents(b.String()))), sure
}

// lowered is the first step for one character.
func lowered(r rune) rune {
	switch r {
	case '´':
		return '\''
	case '｜', '™', '℠':
		return ' '
	}
	return unicode.ToLower(r)
}

// foldLatin folds a text whose characters fold one by one, as most do. It returns false for another text.
func foldLatin(text string) (folded string, ok bool) {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == ' ':
			b.WriteByte(byte(r))
		case r < firstFolded:
			b.WriteString(latin[r])
		case in(separating, r):
			b.WriteByte(' ')
		case !in(dropped, r):
			return "", false
		}
	}
	return b.String(), true
}

// joiner is U+034F, the combining grapheme joiner.
const joiner = "\u034F"

// FoldPart is a part of a text, such as a word or phrase of a search, as it occurs in the fold of the text.
func FoldPart(part string) string {
	folded, _ := foldPart(part)
	return folded
}

func foldPart(part string) (folded string, sure bool) {
	return fold(strings.ReplaceAll(part, "|", " "))
}

// isFolded reports whether a text is certainly its own fold.
func isFolded(text string) bool {
	for i := range len(text) {
		c := text[i]
		inner := i > 0 && i < len(text)-1 && text[i-1] != ' '
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == ' ' && inner) {
			return false
		}
	}
	return true
}

// firstFolded is the first character whose fold is not in the table latin.
const firstFolded = 0x250

// latin has the folds of the first characters.
var latin = func() (table [firstFolded]string) {
	for r := range rune(firstFolded) {
		var b strings.Builder
		for _, part := range norm.NFKD.String(string(lowered(r))) {
			b.WriteString(foldRune(part))
		}
		table[r] = withoutAccents(b.String())
	}
	return table
}()

// foldRune is the second step for one character of a decomposed text.
func foldRune(r rune) string {
	r = unicode.ToLower(r)
	plain, special := plainLetters[r]
	switch {
	case special:
		return plain
	case in(dropped, r):
		return ""
	case in(separating, r):
		return " "
	}
	return string(r)
}

// plainLetters are what stands for letters that are no plain letter with an accent.
var plainLetters = func() map[rune]string {
	table := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th"}
	from, to := []rune(specialLetters), []rune(specialPlain)
	for i, r := range from {
		table[r] = string(to[i])
	}
	return table
}()

// The letters of specialLetters fold to those of specialPlain at the same place.
const (
	specialLetters = "øđðħıĸłŋŧςƀɓƃƈɖɗƌɛƒɠɩɨƙƚɲƞ" +
		"ƥƫƭʈʋƴƶǥȡȥȴȵȶȷⱥȼⱦȿɀʉɇɉɍɏ"
	specialPlain = "oddhiqlntσbbbcdddefgiiklnnptttvyzgdzlntjactszuejry"
)

// A span is a run of characters, both ends included.
type span struct{ first, last rune }

func in(spans []span, r rune) bool {
	for _, s := range spans {
		if s.first <= r && r <= s.last {
			return true
		}
	}
	return false
}

// dropped are characters inside words that people leave out or type in several ways, and invisible ones.
var dropped = []span{
	{'\'', '\''}, {'`', '`'}, {'´', '´'}, {0xAD, 0xAD}, {0x2B9, 0x2BD}, {0x2C8, 0x2CB}, {0x55A, 0x55A},
	{0x5F3, 0x5F3}, {0x640, 0x640}, {0x200B, 0x200F}, {0x2018, 0x2019}, {0x201B, 0x201B}, {0x202A, 0x202E},
	{0x2032, 0x2037}, {0x2057, 0x2057}, {0x2060, 0x2064}, {0x2066, 0x206F}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
}

// separating are the characters between words: white space and punctuation but the bar.
var separating = []span{
	{'\t', '\r'}, {' ', '&'}, {'(', '/'}, {':', '@'}, {'[', '_'}, {'{', '{'}, {'}', '~'}, {0x85, 0x85}, {0xA0, 0xA9},
	{0xAB, 0xAC}, {0xAE, 0xB1}, {0xB6, 0xB8}, {0xBB, 0xBB}, {0xBF, 0xBF}, {0xD7, 0xD7}, {0xF7, 0xF7},
	{0x55B, 0x55F}, {0x589, 0x58A}, {0x5BE, 0x5BE}, {0x5C0, 0x5C0}, {0x5C3, 0x5C3}, {0x5F4, 0x5F4},
	{0x60C, 0x60D}, {0x61B, 0x61B}, {0x61E, 0x61F}, {0x66A, 0x66D}, {0x6D4, 0x6D4}, {0x964, 0x965},
	{0x2000, 0x200A}, {0x2010, 0x2017}, {0x201A, 0x201A}, {0x201C, 0x201F}, {0x2020, 0x2029}, {0x202F, 0x2031},
	{0x2038, 0x2056}, {0x2058, 0x205F}, {0x20AC, 0x20AC}, {0x2120, 0x2120}, {0x2122, 0x2122}, {0x3000, 0x3003},
	{0x3008, 0x3011}, {0x3014, 0x301F}, {0x3030, 0x3030}, {0x303D, 0x303D}, {0x30FB, 0x30FB}, {0xFF5C, 0xFF5C},
}

// accented are the letters, and the space, after which accents mean nothing. A Cyrillic vowel with an accent that
// makes it another letter, such as й and ї, is in neither of the two lists.
var accented = []span{
	{' ', ' '}, {'a', 'z'}, {'A', 'Z'}, {0xC0, 0x2FF}, {0x370, 0x3FF}, {0x1E00, 0x1FFF}, {0x2C60, 0x2C7F},
	{0xA720, 0xA7FF}, {0xAB30, 0xAB6F}, {'а', 'а'}, {'е', 'е'}, {'о', 'о'},
	{'ы', 'ы'}, {'э', 'э'}, {'ю', 'ю'}, {'я', 'я'}, {'є', 'є'},
}

// stressed are the letters after which a stress mark means nothing.
const stressed = "иуі"

const stress = '\u0301'

func isAccent(r rune) bool { return 0x300 <= r && r <= 0x36F }

// withoutAccents removes the accents from a decomposed text.
func withoutAccents(text string) string {
	if !strings.ContainsFunc(text, isAccent) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	var base rune // before the accents
	for _, r := range text {
		if isAccent(r) && (in(accented, base) || r == stress && strings.ContainsRune(stressed, base)) {
			continue
		}
		b.WriteRune(r)
		base = r
	}
	return b.String()
}

// collapsed has one space where the text has several, and none at its ends.
func collapsed(text string) string {
	if !strings.Contains(text, "  ") {
		return strings.Trim(text, " ")
	}
	var b strings.Builder
	b.Grow(len(text))
	last := byte(' ')
	for i := range len(text) {
		if c := text[i]; c != ' ' || last != ' ' {
			b.WriteByte(c)
			last = c
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}
