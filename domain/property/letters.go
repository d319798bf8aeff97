package property

import (
	"strings"
	"unicode"
)

// Case is how a character outside ASCII folds in every store.
type Case int8

const (
	// Caseless characters fold to themselves, and no other character folds to one of them.
	Caseless Case = iota
	// Cased letters fold to one cased letter each. Stores may differ in which.
	Cased
	// Uncertain characters may fold to anything.
	Uncertain
)

// CaseOf is the case of a character outside ASCII. A store that folds a caseless or a cased character differently
// cannot be used: ContainsText would be wrong about it.
func CaseOf(r rune) Case {
	switch {
	case uncertain(r):
		return Uncertain
	case cased(r):
		return Cased
	}
	return Caseless
}

// uncertain is true of characters that may fold to anything. These are the Kelvin sign, the long s, and the dotted
// and dotless i, which some databases fold to an ASCII letter. They are also the characters that are not assigned
// in Go's version of Unicode: in a later version they may be the other case of any letter. Assigned characters
// never change their case.
func uncertain(r rune) bool {
	switch {
	case r == '\u212A', r == '\u017F', r == '\u0130', r == '\u0131':
		return true
	case r <= 0x377, 0x3A3 <= r && r <= 0x52F, 0x4E00 <= r && r <= 0x9FFF, 0xAC00 <= r && r <= 0xD7A3:
		return false // Latin, Greek and Cyrillic, Han, Hangul: all assigned; the lookup takes five times as long
	}
	return unicode.Is(unicode.Cn, r)
}

// cased is true of a letter that exists in two cases. SimpleFold finds those that are only the lower case of
// another (ß of ẞ); ToLower and ToUpper find those whose two cases do not form a pair.
func cased(r rune) bool {
	return unicode.SimpleFold(r) != r || unicode.ToLower(r) != r || unicode.ToUpper(r) != r
}

// ContainsText decides whether text contains part, without regard to the case of letters. It is certain wherever
// case folding is: ASCII letters fold the same in every store, and caseless characters do not fold at all. Equal
// texts stay equal when folded, except for the one letter whose lower case depends on the letters around it.
func ContainsText(text, part string) Match {
	if strings.Contains(text, part) || strings.Contains(lowerASCII(text), lowerASCII(part)) {
		if strings.ContainsRune(part, 'Σ') {
			return Maybe
		}
		return Yes
	}
	if strings.ContainsFunc(part, mayFold) || strings.ContainsFunc(text, mayFoldToAny) {
		return Maybe
	}
	return No
}

func mayFold(r rune) bool { return r > unicode.MaxASCII && CaseOf(r) != Caseless }

func mayFoldToAny(r rune) bool { return r > unicode.MaxASCII && uncertain(r) }

// ContainsFold decides what ContainsText leaves open, by Unicode's simple lower case, as Gable's own stores do.
func ContainsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// lowerASCII returns the text with its ASCII letters in lower case. Without a capital among them it returns the
// text itself.
func lowerASCII(text string) string {
	isUpper := func(b byte) bool { return 'A' <= b && b <= 'Z' }
	for i := range len(text) {
		if isUpper(text[i]) {
			lower := []byte(text)
			for ; i < len(lower); i++ {
				if isUpper(lower[i]) {
					lower[i] += 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return text
}
