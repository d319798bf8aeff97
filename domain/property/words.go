package property

import (
	"strings"
	"unicode"
)

// splitting are the characters at which a search ends a word even without a space. Others inside a word, such as the
// hyphen of "lake-view", hold its parts together, as quotation marks do.
const splitting = ",;|()[]{}!?<>=*、。،؛؟"

// quoting are the characters around a phrase.
const quoting = `"“”„‟«»＂`

// searchWords are the folded words and phrases of a search as people type it. A quotation mark without a partner
// means nothing, nor does a word without a letter, digit or sign.
func searchWords(text string) (words []string) {
	pieces := strings.Split(strings.Map(plainQuote, text), `"`)
	for i, piece := range pieces {
		quoted := i%2 == 1 && i < len(pieces)-1
		split := []string{piece}
		if !quoted {
			split = strings.FieldsFunc(piece, splits)
		}
		for _, word := range split {
			if folded := FoldPart(word); folded != "" {
				words = append(words, folded)
			}
		}
	}
	return words
}

func plainQuote(r rune) rune {
	if strings.ContainsRune(quoting, r) {
		return '"'
	}
	return r
}

func splits(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(splitting, r) }

// typed is the words of a filter as a search that searchWords reads back.
func typed(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		if quoted[i] = word; strings.Contains(word, " ") {
			quoted[i] = `"` + word + `"`
		}
	}
	return strings.Join(quoted, " ")
}

// Whole is everything typed into the search, folded: the reference of a listing that the filter finds by it.
func (f *Filter) Whole() string { return FoldPart(strings.Join(f.Words, " ")) }
