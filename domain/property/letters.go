package property

import (
	"strings"
	"unicode"
)

// Case is how a character outside ASCII becomes lower case in every store.
type Case int8

const (
	// Caseless characters are their own lower case, and no other character has one of them as its lower case.
	Caseless Case = iota
	// Settled letters have the lower case that Go knows.
	Settled
	// Cased letters have one cased letter each as their lower case. Stores may differ in which.
	Cased
	// Uncertain characters may have any lower case.
	Uncertain
)

// CaseOf is the case of a character outside ASCII. A store that lowers a character otherwise cannot be used:
// ContainsText would be wrong about it.
func CaseOf(r rune) Case {
	switch {
	case unknown(r), r == '\u212A', r == '\u017F', r == '\u0130', r == '\u0131':
		return Uncertain // the Kelvin sign, the long s and the two i, which some stores lower to an ASCII letter
	case !cased(r):
		return Caseless
	case unicode.ToLower(r) == r, in(alphabets, r):
		return Settled
	}
	return Cased
}

// alphabets are the blocks whose capitals every store lowers as Go does. They are Latin, Greek, Cyrillic, Armenian, and
// the signs of units that are letters of them.
var alphabets = []span{{'À', 'ɏ'}, {'Ά', 'ώ'}, {'Ѐ', 'ԯ'}, {'Ա', 'և'}, {'Ḁ', 'ỿ'}, {0x2126, 0x212B}}

// cased is true of a letter that exists in two cases. SimpleFold finds those that are only the lower case of
// another (ß of ẞ); ToLower and ToUpper find those whose two cases do not form a pair.
func cased(r rune) bool {
	return unicode.SimpleFold(r) != r || unicode.ToLower(r) != r || unicode.ToUpper(r) != r
}

// unknown is true of characters about which stores know different things. These are not assigned in Go's version of
// Unicode, or their decomposition is newer than the oldest store, which has Unicode 13. Assigned characters never
// change their case or decomposition.
func unknown(r rune) bool {
	switch {
	case r <= 0x377, 0x3A3 <= r && r <= 0x52F, 0x4E00 <= r && r <= 0x9FFF, 0xAC00 <= r && r <= 0xD7A3:
		return false // Latin, Greek and Cyrillic, Han, Hangul: all assigned; the lookup takes five times as long
	}
	return in(recent, r) || unicode.Is(unicode.Cn, r)
}

// recent are the characters since Unicode 14 that decompose, or that stand over or under another.
var recent = []span{
	{0x898, 0x89F}, {0x8CA, 0x8D2}, {0xC3C, 0xC3C}, {0xECE, 0xECE}, {0x1715, 0x1715}, {0x1AC1, 0x1ACE},
	{0x1DFA, 0x1DFA}, {0xA7F2, 0xA7F4}, {0x10780, 0x107BA}, {0x10EFD, 0x10EFF}, {0x10F82, 0x10F85},
	{0x11070, 0x11070}, {0x11241, 0x11241}, {0x11F41, 0x11F42}, {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F},
	{0x1E2AE, 0x1E2AE}, {0x1E4EC, 0x1E4EF},
}

// foldsAlike reports whether every store folds the character as Fold does.
func foldsAlike(r rune) bool {
	return !unknown(r) && (unicode.ToLower(r) == r || r <= unicode.MaxASCII || in(alphabets, r))
}

func foldsUnalike(r rune) bool { return !foldsAlike(r) }

// foldedText is the fold of a text.
type foldedText struct {
	text string
	sure bool // every store folds it like this
}

func folded(text string) foldedText {
	f, sure := fold(text)
	return foldedText{f, sure}
}

func foldedPart(part string) foldedText {
	f, sure := foldPart(part)
	return foldedText{f, sure}
}

// contains decides whether the text contains a part.
func (t foldedText) contains(part foldedText) Match {
	if !t.sure || !part.sure {
		return Maybe
	}
	return certain(strings.Contains(t.text, part.text))
}

// equals decides whether the text is a part and nothing more.
func (t foldedText) equals(part foldedText) Match {
	return min(t.contains(part), part.contains(t))
}

// ContainsText decides whether a text contains a word or phrase, by their folds. It is certain wherever every store
// folds both as Fold does.
func ContainsText(text, part string) Match { return folded(text).contains(foldedPart(part)) }

// ContainsFold decides what ContainsText leaves open, as Gable's own stores do.
func ContainsFold(text, part string) bool { return strings.Contains(Fold(text), FoldPart(part)) }
