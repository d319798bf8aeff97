package property

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Blank reports whether a text has no visible character. White space, control characters, characters that Unicode says
// to ignore and those that look like a space are invisible.
func Blank(text string) bool { return strings.IndexFunc(text, visible) < 0 }

func visible(r rune) bool {
	switch {
	case r == '\u2800', r == '\U0001D159': // a Braille pattern without dots, a note without a head
		return false
	}
	return !unicode.IsSpace(r) && !unicode.IsControl(r) && !ignorable(r)
}

// ignorable is true of the characters with the property Default_Ignorable_Code_Point, which no font shows. Go has the
// properties from which Unicode derives it (DerivedCoreProperties.txt).
func ignorable(r rune) bool {
	switch {
	case r < '\u00AD':
		return false
	case r >= '\uFFF9' && r <= '\uFFFB', r >= '\U00013430' && r <= '\U0001343F':
		return false // annotations, and controls of hieroglyphs
	}
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// composed is a text in the normal form NFC, in which equal letters have equal bytes. It is empty when nothing in the
// text is visible.
func composed(text string) string {
	if Blank(text) {
		return ""
	}
	return norm.NFC.String(text)
}
