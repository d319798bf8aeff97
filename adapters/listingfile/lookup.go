package listingfile

import (
	"strings"
	"unicode"
)

// lookup finds the text that stands beside another one. A text that is not there exactly is looked for without regard
// to capitals and to what stands between words: the RESO standard has Single Family Residence for people and
// SingleFamilyResidence for programs.
type lookup struct{ exact, folded map[string]string }

func newLookup(entries map[string]string) lookup {
	l := lookup{exact: entries, folded: make(map[string]string, len(entries))}
	twice := map[string]bool{}
	for key, value := range entries {
		word := folded(key)
		if other, ok := l.folded[word]; ok && other != value {
			twice[word] = true
		}
		l.folded[word] = value
	}
	for word := range twice { // texts that differ in their capitals alone
		delete(l.folded, word)
	}
	return l
}

func (l lookup) find(text string) (value string, ok bool) {
	text = strings.TrimSpace(text)
	if value, ok = l.exact[text]; !ok {
		value, ok = l.folded[folded(text)]
	}
	return value, ok
}

// folded is the text in small letters, without the marks between two letters. Marks beside digits stay, so that 1/2 is
// never taken for 12, nor B- for B.
func folded(text string) string {
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
