package listingfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/gable-listings/gable/domain/spelling"
)

// lookup maps texts to values. A text that is not found exactly is looked up without regard to capitals and to marks
// between words: the RESO standard has Single Family Residence for people and SingleFamilyResidence for programs.
type lookup struct {
	exact, folded map[string]string
	keys          []string // of exact, in order
}

func newLookup(entries map[string]string) lookup {
	l := lookup{
		exact: entries, folded: make(map[string]string, len(entries)), keys: slices.Sorted(maps.Keys(entries)),
	}
	twice := map[string]bool{}
	for key, value := range entries {
		word := fold(key)
		if other, ok := l.folded[word]; ok && other != value {
			twice[word] = true
		}
		l.folded[word] = value
	}
	for word := range twice { // texts that differ only in their capitals
		delete(l.folded, word)
	}
	return l
}

func (l lookup) find(text string) (value string, ok bool) {
	text = strings.TrimSpace(text)
	if value, ok = l.exact[text]; !ok {
		value, ok = l.folded[fold(text)]
	}
	return value, ok
}

// unknown returns the error for a text that is not found, with the known text that is nearest to it.
func (l lookup) unknown(text string) error {
	if nearest := spelling.Nearest(strings.TrimSpace(text), l.keys); nearest != "" {
		return fmt.Errorf("%w; did you mean %q?", errUnknown, nearest)
	}
	return errUnknown
}

// fold returns the text in small letters, without the marks between two letters. Marks beside digits stay, so that
// 1/2 is never taken for 12, nor B- for B.
func fold(text string) string {
	runes := []rune(strings.ToLower(text))
	var out strings.Builder
	for i, r := range runes {
		between := i > 0 && i < len(runes)-1 && unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i+1])
		if !between || !strings.ContainsRune(" _-/", r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}
