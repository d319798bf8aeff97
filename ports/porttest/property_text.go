package porttest

import (
	"net/url"

	"github.com/gable-listings/gable/domain/property"
)

// shelveText stores one listing for each text, titled a, b, c … with the text in its description.
func (s shelf) shelveText(texts ...string) {
	s.t.Helper()
	for i, text := range texts {
		s.add(i, func(d *property.Details) { d.Description = text })
	}
}

func (s shelf) wantWords(words string, titles ...string) {
	s.t.Helper()
	s.wantFound("q="+url.QueryEscape(words), titles...)
}

var literalTextCases = []suiteCase[shelf]{
	{"words_are_found_anywhere",
		"Each word of q must occur in title, description or location, inside other words too, in any order.", func(s shelf) {
			s.add(0, title("Quiet farmhouse"), func(d *property.Details) { d.Description = "By the sea"; d.Location = "Kent" })
			s.add(1, title("Seaside house"), func(d *property.Details) { d.Location = "Dover, Kent" })
			s.wantWords("house", "Quiet farmhouse", "Seaside house")
			s.wantWords("kent sea house", "Quiet farmhouse", "Seaside house")
			s.wantWords("sea quiet", "Quiet farmhouse")
			s.wantWords("dover", "Seaside house")
			s.wantWords("house castle")
			s.wantWords("houseby")
			s.wantWords("seakent")
		}},
	{"location_is_searched_in_the_location_only",
		"location must occur in the location as it is written, spaces included.", func(s shelf) {
			s.add(0, func(d *property.Details) { d.Location = "12 Sai Ying Pun, Hong Kong" })
			s.add(1, title("Hong Kong"), func(d *property.Details) { d.Location, d.Description = "Kong Hong", "Hong Kong" })
			s.wantFound("location=hong+kong", "a")
			s.wantFound("location=ONG", "Hong Kong", "a")
			s.wantFound("location=pun,+hong", "a")
			s.wantFound("location=hong++kong")
		}},
	{"ascii_case_does_not_matter", "Letters of ASCII are compared without regard to case.", func(s shelf) {
		s.shelveText("LOFT by the Harbour", "loft", "lof t")
		s.wantWords("LoFt", "a", "b")
		s.wantWords("hARBOUR", "a")
		s.wantFound("location=sEATTLE", "a", "b", "c")
	}},
	{"wildcards_are_taken_literally", "%, _, \\, * and ? stand for themselves.", func(s shelf) {
		s.shelveText("100% new", "1000 new", `a_b`, `axb`, `back\slash`, `backslash`, "what?", "star*")
		for word, titles := range map[string][]string{
			"100%": {"a"}, "%": {"a"}, "_": {"c"}, "a_b": {"c"}, `\`: {"e"}, `k\s`: {"e"},
			"?": {"g"}, "*": {"h"}, `\%`: nil, `%new`: nil,
		} {
			s.wantWords(word, titles...)
		}
		s.wantFound("location=%25")
		s.wantFound("location=s_attle")
		s.wantFound("location=%5C")
	}},
	{"quotes_are_taken_literally", "Quotes, semicolons, dollars and comments of SQL stand for themselves.", func(s shelf) {
		s.shelveText("O'Brien's", `the "Manor"`, "a;b--c /*d*/", "$1 ?1 :x @y")
		for word, title := range map[string]string{"o'b": "a", "'": "a", `"manor"`: "b", ";b--": "c", "/*d*/": "c",
			"$1": "d", "?1": "d", ":x": "d", "@y": "d"} {
			s.wantWords(word, title)
		}
		s.wantFound("location=" + url.QueryEscape("' OR 1=1 --"))
	}},
	{"every_script_is_found", "Words of any script, even of one character, are found as they are written.", func(s shelf) {
		s.shelveText("香港島西營盤三房", "旺角套房 🏡", "Großzügige Wohnung",
			"Уютная квартира", "شقة جميلة", "👩‍👩‍👧 friendly")
		for word, title := range map[string]string{
			"西營盤": "a", "房 香": "a", "🏡": "b", "角": "b", "zügig": "c", "ß": "c", "квартира": "d",
			"جميلة": "e", "👩‍👩‍👧": "f",
		} {
			s.wantWords(word, title)
		}
		s.wantWords("房", "a", "b")
		s.wantWords("東京")
	}},
	{"markup_is_text", "Text is not read as HTML or anything else.", func(s shelf) {
		s.shelveText("<b>Sunny</b><br />flat &amp; terrace", "Sunny flat & terrace")
		s.wantWords("<br", "a")
		s.wantWords("&amp;", "a")
		s.wantWords("&", "a", "b")
		s.wantWords("b>sunny", "a")
	}},
}

// textCases returns the cases of a store that folds the letters in its features.
func textCases(f Features) []suiteCase[shelf] {
	if f.FoldsASCIIOnly {
		return literalTextCases
	}
	return concat(literalTextCases, foldedTextCases)
}

var foldedTextCases = []suiteCase[shelf]{
	{"case_does_not_matter_in_any_script",
		"Letters outside ASCII are compared without regard to case too.", func(s shelf) {
			s.shelveText("ÉCOLE", "école", "Уютная КВАРТИРА", "Ärger")
			s.wantWords("École", "a", "b")
			s.wantWords("квартира", "c")
			s.wantWords("ÄRGER", "d")
			s.wantWords("ecole")
		}},
}
