package property_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

// details returns a listing that breaks no rule, edited.
func details(edit func(*property.Details)) property.Details {
	d := property.Details{Title: "Loft", Location: "Kent", Price: 1_00}
	edit(&d)
	return d
}

// blank are characters of which nothing is seen.
var blank = []string{
	"", " ", "\t\r\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u3164", "\ufeff", "\u00ad", "\u200d", "\u2800", "\u115f",
	"\uffa0", "\u2060", "\u202e", "\u034f", "\ufe0f", "\U000e0041", "\u180e", "\u2028", "\u0001", "\U0001d159",
	"\u00ad \u200d\ufeff\u3164",
}

func TestATextWithNothingVisibleIsEmpty(t *testing.T) {
	for _, text := range blank {
		if !property.Blank(text) {
			t.Errorf("%+q counts as a text", text)
		}
		_, err := details(func(d *property.Details) { d.Title, d.Location = text, text }).Checked()
		var invalid *property.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Fields) != 2 || invalid.Fields[0].Reason != "must not be empty" {
			t.Errorf("a title and a location of %+q: %v", text, err)
		}
		d, err := details(func(d *property.Details) { d.Reference, d.Description = text, text }).Checked()
		if err != nil || d.Reference != "" || d.Description != "" {
			t.Errorf("a description of %+q is stored as %+q, %v", text, d.Description, err)
		}
	}
	for _, text := range []string{
		"a", " a ", "\u200ba", "é", "家", "\u0301", "👩\u200d🌾", "\u0600", "\ufffd", "\U00013430", "0", ".", "\ue000",
	} {
		if property.Blank(text) {
			t.Errorf("%+q counts as empty", text)
		}
	}
	// What is visible stays as it is typed, with what is not.
	for _, text := range []string{"Soft\u00adhyphen", "zero\u200bwidth", "👩\u200d🌾", "  two\r\n lines \r"} {
		d, err := details(func(d *property.Details) { d.Description = text }).Checked()
		if err != nil || d.Description != text {
			t.Errorf("%+q is stored as %+q, %v", text, d.Description, err)
		}
	}
}

// The categories of which every character is seen, for all of Unicode.
func TestLettersAndSignsAreVisible(t *testing.T) {
	ignored := unicode.Other_Default_Ignorable_Code_Point
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || r == '\u2800' || r == '\U0001d159' || unicode.Is(ignored, r) {
			continue
		}
		if unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && property.Blank(string(r)) {
			t.Errorf("U+%04X counts as empty", r)
		}
		if unicode.In(r, unicode.Z, unicode.Cc) && !property.Blank(string(r)) {
			t.Errorf("U+%04X counts as a text", r)
		}
	}
}

func TestTextsAreStoredInNFC(t *testing.T) {
	d, err := details(func(d *property.Details) {
		d.Reference, d.Title, d.Location, d.Description = "cafe\u0301-1", "Cafe\u0301", "Gene\u0300ve", "\u1100\u1161\u11a8"
		d.Photos = []string{"https://example.com/cafe\u0301.jpg"}
	}).Checked()
	if err != nil || d.Reference != "caf\u00e9-1" || d.Title != "Caf\u00e9" || d.Location != "Gen\u00e8ve" ||
		d.Description != "\uac01" {
		t.Errorf("%+v, %v", d, err)
	}
	if d.Photos[0] != "https://example.com/cafe\u0301.jpg" {
		t.Errorf("the address of a photo is %+q", d.Photos[0])
	}
	p := property.Property{Details: d, Version: 1}
	p, err = p.Update(details(func(d *property.Details) { d.Title = "E\u0301tage" }))
	if err != nil || p.Title != "\u00c9tage" {
		t.Errorf("an update stores %+q, %v", p.Title, err)
	}
	// A title that has its most characters only in NFC is not too long, and one that has more of them is.
	if _, err := details(func(d *property.Details) { d.Title = strings.Repeat("e\u0301", 200) }).Checked(); err != nil {
		t.Error(err)
	}
	if _, err := details(func(d *property.Details) { d.Title = strings.Repeat("\u0958", 200) }).Checked(); err == nil {
		t.Error("a title of 400 characters is stored")
	}
}

// What is stored once is stored the same again.
func TestStoredTextsStayAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom(blank).Draw(t, "blank")
		d, err := details(func(d *property.Details) { d.Title, d.Description = text+"x", text }).Checked()
		if err != nil {
			return // a control character
		}
		again, err := d.Checked()
		if err != nil || again.Title != d.Title || again.Description != d.Description {
			t.Fatalf("%+q becomes %+q, and that %+q, %v", text, d.Description, again.Description, err)
		}
		if !norm.NFC.IsNormalString(d.Description) || !norm.NFC.IsNormalString(d.Title) {
			t.Fatalf("%+q is not in NFC", d.Description)
		}
	})
}

func TestTermsOfASearchAreInNFC(t *testing.T) {
	search := func(name, text string) property.Search {
		s, err := property.ParseSearch(map[string][]string{name: {text}})
		if err != nil {
			t.Fatalf("%s=%+q: %v", name, text, err)
		}
		return s
	}
	for _, name := range []string{"q", "location"} {
		for _, texts := range [][]string{
			{"caf\u00e9", "cafe\u0301"}, {"\u212angstrom", "kngstrom"}, {"w\u030a", "W\u030a", "\u1e98"},
			{"\uac01", "\u1100\u1161\u11a8"},
			{" ", "\u200b", "\ufeff \u3164"},
		} {
			want := search(name, texts[0])
			for _, text := range texts {
				got := search(name, text)
				if got.String() != want.String() {
					t.Errorf("%s=%+q is %s, but %+q is %s", name, text, got.String(), texts[0], want.String())
				}
			}
		}
	}
	for title, term := range map[string]string{"Cafe\u0301": "caf\u00e9", "Caf\u00e9": "cafe\u0301"} {
		p, err := property.New(property.ID{1}, details(func(d *property.Details) { d.Title = title }), time.Unix(0, 0))
		s := search("q", term)
		if err != nil || s.Filter.Matches(&p) != property.Yes {
			t.Errorf("q=%+q finds %+q: %s, %v", term, title, s.Filter.Matches(&p), err)
		}
	}
}
