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
		"The words of location must occur in the location, together and in this order.", func(s shelf) {
			s.add(0, func(d *property.Details) { d.Location = "12 Sai Ying Pun, Hong Kong" })
			s.add(1, title("Hong Kong"), func(d *property.Details) { d.Location, d.Description = "Kong Hong", "Hong Kong" })
			s.wantFound("location=hong+kong", "a")
			s.wantFound("location=ONG", "Hong Kong", "a")
			s.wantFound("location=pun,+hong", "a")
			s.wantFound("location=hong++kong", "a")
			s.wantFound("location=pun+kong")
		}},
	{"ascii_case_does_not_matter", "Letters of ASCII are compared without regard to case.", func(s shelf) {
		s.shelveText("LOFT by the Harbour", "loft", "lof t")
		s.wantWords("LoFt", "a", "b")
		s.wantWords("hARBOUR", "a")
		s.wantFound("location=sEATTLE", "a", "b", "c")
	}},
	{"punctuation_means_nothing",
		"Commas, quotation marks and other signs around a word mean nothing, in the search or in the listing.",
		func(s shelf) {
			s.shelveText("House (detached), near Seattle!", "seattle house", `"Seattle": a "house".`, "Seattle")
			for _, words := range []string{"house, seattle", "house seattle", `"seattle" house`, "(house) seattle.",
				"house;seattle", "house,seattle", "¿house? «seattle»", "“house” – seattle…", "*house* [seattle]"} {
				s.wantWords(words, "a", "b", "c")
			}
			s.wantWords("detached near", "a")
			s.wantWords(`"detached near"`, "a")
			s.wantWords(", ! —", "a", "b", "c", "d")
		}},
	{"words_in_quotation_marks_stand_together",
		"Words in quotation marks must follow one another in one of the texts, whatever signs are between them.",
		func(s shelf) {
			s.shelveText("A lake view", "Lake-view house", "view of the lake", "the lake,\n\tview", "lakeview", "lake | view")
			s.add(6, title("By the lake"), func(d *property.Details) { d.Description = "View"; d.Location = "Lake" })
			s.wantWords(`"lake view"`, "a", "b", "d")
			s.wantWords("“LAKE VIEW”", "a", "b", "d")
			s.wantWords(`"lake view" house`, "b")
			s.wantWords("lake-view", "a", "b", "d")
			s.wantWords("lake/view", "a", "b", "d")
			s.wantWords("lake view", "By the lake", "a", "b", "c", "d", "e", "f")
			s.wantWords(`"lake view`, "By the lake", "a", "b", "c", "d", "e", "f")
			s.wantWords(`"house" "lake view`, "b")
			s.wantWords(`""`, "By the lake", "a", "b", "c", "d", "e", "f")
		}},
	{"wildcards_mean_nothing", "%, _, \\, * and ? are punctuation, and neither match nor escape anything.", func(s shelf) {
		s.shelveText("100% new", "200 new", `a_b`, `axb`, `back\slash`, `backslash`)
		for word, titles := range map[string][]string{
			"100%": {"a"}, "1%0": nil, "a_b": {"c"}, "a%b": {"c"}, `back\slash`: {"e"}, "backslash": {"f"}, "b_ckslash": nil,
		} {
			s.wantWords(word, titles...)
		}
		s.wantFound("location=s_attle")
		s.wantFound("location=s%25e")
	}},
	{"sql_means_nothing", "Quotes, semicolons, dollars and comments of SQL are punctuation.", func(s shelf) {
		s.shelveText("O'Brien's", "a;b--c /*d*/", "$1 ?1 :x @y")
		for word, title := range map[string]string{"o'b": "a", "obriens": "a", "b--c": "b", "/*d*/": "b", "$1": "c",
			":x @y": "c"} {
			s.wantWords(word, title)
		}
		s.wantFound("location=" + url.QueryEscape("' OR 1=1 --"))
	}},
	{"apostrophes_do_not_matter", "’, ‘, ´, ` and ' mean nothing inside or at the end of a word.", func(s shelf) {
		s.shelveText("King's Cross", "King’s Cross", "Kings Cross", "Kings' Cross", "King´s Cross", "King Cross")
		for _, words := range []string{"king’s", "king's", "kings", "kings'", "Kings’", "king`s",
			"king‘s", "king´s cross",
			`"kings cross"`} {
			s.wantWords(words, "a", "b", "c", "d", "e")
		}
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
		s.wantWords(`"b>sunny"`, "a")
		s.wantWords("sunny flat", "a", "b")
	}},
	{"the_whole_search_may_be_a_reference",
		"A search whose text is the reference of a listing finds it, too, capitals and punctuation apart.", func(s shelf) {
			s.add(0, reference("KC-7129300520"))
			s.add(1, reference("Villa Rosa 12"))
			s.add(2, reference("KC-7129"), func(d *property.Details) { d.Description = "like kc 7129300520 beside it" })
			s.add(3)
			s.wantWords("KC-7129300520", "a", "c")
			s.wantWords("kc-7129300520", "a", "c")
			s.wantWords("kc 7129300520", "a", "c")
			s.wantWords("Villa Rosa 12", "b")
			s.wantWords("12 Villa Rosa")
			s.wantWords("Villa Rosa")
			s.wantWords("KC-712930052", "c")
			s.wantWords("KC-7129 garden")
			s.wantFound("q=KC-7129300520&max_price=1")
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
			s.shelveText("ÉCOLE", "école", "Уютная КВАРТИРА", "Ärger", "ΟΔΟΣ", "ISTANBUL")
			s.wantWords("École", "a", "b")
			s.wantWords("квартира", "c")
			s.wantWords("ÄRGER", "d")
			s.wantWords("οδος", "e")
			s.wantWords("ΟΔΟΣ", "e")
			s.wantWords("ıstanbul", "f")
		}},
	{"accents_do_not_matter", "Letters match with and without their accents, however those are encoded.", func(s shelf) {
		texts := []string{"Genève", "Geneve", "Łódź", "Küche", "Straße",
			"Æbleskiver på Sjælland", "Đà Nẵng", "Þingvellir",
			"Ελλάδα", "ёлка", "Gene\u0300ve", "Kraków", "Kadıköy", "œuvre", "мой дом", "85 m²"}
		s.shelveText(texts...)
		for words, titles := range map[string][]string{
			"geneve": {"a", "b", "k"}, "genève": {"a", "b", "k"}, "GENE\u0300VE": {"a", "b", "k"},
			"lodz": {"c"}, "łódź": {"c"},
			"kuche": {"d"}, "küche": {"d"}, "strasse": {"e"}, "STRASSE": {"e"}, "straße": {"e"}, "aebleskiver": {"f"},
			"pa sjaelland": {"f"}, `"da nang"`: {"g"}, "đà": {"g"}, "thing": {"h"}, "ελλαδα": {"i"},
			"елка": {"j"}, "Ёлка": {"j"},
			"krakow": {"l"}, "kadikoy": {"m"}, "oeuvre": {"n"}, "мои": nil, "мои\u0306": {"o"},
			"m2": {"p"}, "sjælland": {"f"},
		} {
			s.wantWords(words, titles...)
		}
		s.add(20, title("place"), func(d *property.Details) { d.Location = "Łódź, Śródmieście" })
		s.wantFound("location="+url.QueryEscape("lodz srodmiescie"), "place")
		s.wantFound("location="+url.QueryEscape("ŁÓDŹ"), "place")
	}},
}
