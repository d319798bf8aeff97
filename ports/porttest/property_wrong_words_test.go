package porttest

import (
	"slices"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

var wrongWords = []wrongRepository{
	{"words are whole", withContains(func(text, word string) bool {
		return strings.Contains(" "+property.Fold(text)+" ", " "+word+" ")
	}), []string{"words_are_found_anywhere"}, wordCases},
	{"one word is enough", withWords(func(f *property.Filter, p *property.Property) bool {
		return len(f.Words) == 0 || slices.ContainsFunc(f.Words, func(word string) bool {
			return property.ContainsFold(p.Title+"|"+p.Description+"|"+p.Location, word)
		})
	}), []string{"words_are_found_anywhere"}, wordCases},
	{"words are searched in the title only", withWords(func(f *property.Filter, p *property.Property) bool {
		return containsAll(f.Words, func(word string) bool { return property.ContainsFold(p.Title, word) })
	}), []string{"words_are_found_anywhere"}, wordCases},
	{"fields run into each other", withWords(func(f *property.Filter, p *property.Property) bool {
		return containsAll(f.Words,
			func(word string) bool { return property.ContainsFold(p.Title+p.Description+p.Location, word) })
	}), []string{"words_are_found_anywhere"}, nil},
	{"a phrase crosses fields", withWords(func(f *property.Filter, p *property.Property) bool {
		return containsAll(f.Words,
			func(word string) bool { return property.ContainsFold(p.Title+" "+p.Description+" "+p.Location, word) })
	}), []string{"words_in_quotation_marks_stand_together"},
		[]string{"markup_is_text"}},
	{"a phrase is its words", withContains(func(text, word string) bool {
		return containsAll(strings.Fields(word), func(part string) bool { return property.ContainsFold(text, part) })
	}), []string{"words_in_quotation_marks_stand_together"},
		[]string{"markup_is_text", "sql_means_nothing", "wildcards_mean_nothing"}},
	{"case matters", withContains(strings.Contains), []string{"ascii_case_does_not_matter"}, wordCases},
	{"only ASCII is folded",
		withContains(func(text, word string) bool { return strings.Contains(foldedASCII(text), word) }),
		[]string{"case_does_not_matter_in_any_script"}, wordCases},
	{"accents matter", withContains(func(text, word string) bool {
		return property.ContainsFold(text, word) && strings.Contains(
			strings.NewReplacer("'", "", "’", "", "´", "", "`", "", "\u200D", "").Replace(withoutPunctuation(text)), word)
	}), []string{"accents_do_not_matter"}, []string{"case_does_not_matter_in_any_script", "every_script_is_found",
		"sql_means_nothing", "punctuation_means_nothing", "markup_is_text"}},
	{"punctuation is part of a word", withContains(func(text, word string) bool {
		return slices.ContainsFunc(strings.Fields(text), func(typed string) bool {
			return strings.Contains(strings.ToLower(typed), word)
		})
	}), []string{"punctuation_means_nothing"}, wordCases},
	{"punctuation joins words", withContains(func(text, word string) bool {
		return property.ContainsFold(strings.NewReplacer("-", "", "\\", "", "_", "", "/", "").Replace(text), word)
	}), []string{"wildcards_mean_nothing"}, wordCases},
	{"apostrophes divide words", withContains(func(text, word string) bool {
		return property.ContainsFold(strings.NewReplacer("'", " ", "’", " ").Replace(text), word)
	}), []string{"apostrophes_do_not_matter"}, []string{"sql_means_nothing"}},
	{"markup is stripped", withContains(func(text, word string) bool {
		return property.ContainsFold(strings.NewReplacer("<b>", "", "<br />", " ", "</b>", "", "&amp;", "&").Replace(text),
			word)
	}), []string{"markup_is_text"}, nil},
	{"scripts other than Latin are not indexed", withContains(func(text, word string) bool {
		return property.ContainsFold(strings.Map(func(r rune) rune {
			if r > 0x2100 {
				return ' '
			}
			return r
		}, text), word)
	}), []string{"every_script_is_found"}, nil},
	{"a search never means a reference", withRule(forgetWords, func(f *property.Filter, p *property.Property) bool {
		return containsAll(f.Words,
			func(word string) bool { return property.ContainsFold(p.Title+"|"+p.Description+"|"+p.Location, word) })
	}), []string{"the_whole_search_may_be_a_reference"}, nil},
	{"a reference has capitals", withRule(forgetWords, func(f *property.Filter, p *property.Property) bool {
		return len(f.Words) > 0 && p.Reference == f.Whole() || containsAll(f.Words,
			func(word string) bool { return property.ContainsFold(p.Title+"|"+p.Description+"|"+p.Location, word) })
	}), []string{"the_whole_search_may_be_a_reference"}, nil},
	{"a part of a reference is enough", withContainsIn(func(p *property.Property) string {
		return p.Title + "|" + p.Description + "|" + p.Location + "|" + p.Reference
	}), []string{"the_whole_search_may_be_a_reference"}, []string{"references_are_filtered"}},
}

// withContainsIn replaces the text in which words are searched.
func withContainsIn(text func(*property.Property) string) func(repository) repository {
	return withWords(func(f *property.Filter, p *property.Property) bool {
		return containsAll(f.Words, func(word string) bool { return property.ContainsFold(text(p), word) })
	})
}
