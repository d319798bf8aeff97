package property_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// readings returns what an error names; nothing for another error.
func readings(err error) []string {
	if unclear, ok := errors.AsType[*property.AmbiguousError](err); ok {
		return unclear.Readings
	}
	return nil
}

func TestNumbersAreReadAsTheirSourceWritesThem(t *testing.T) {
	for _, c := range porttest.WrittenNumbers() {
		for _, place := range []struct {
			name, want string
			style      property.NumberStyle
		}{{"typed", c.Typed, property.TypedStyle}, {"in a file", c.File, property.NumberStyle{}}} {
			plain, err := place.style.Plain(c.Text)
			if place.want == "" {
				if diff := cmp.Diff(c.Readings, readings(err)); err == nil || diff != "" {
					t.Errorf("%q %s is %q, %v\n%s", c.Text, place.name, plain, err, diff)
				}
				continue
			}
			if d, _ := property.ParseDecimal(plain); err != nil || d.Short() != place.want {
				t.Errorf("%q %s is %q, %v; want %s", c.Text, place.name, plain, err, place.want)
			}
		}
	}
}

func TestAStyleSaysWhichMarkIsWhich(t *testing.T) {
	comma := property.NumberStyle{Decimal: ',', Groups: "."}
	apostrophe := property.NumberStyle{Decimal: '.', Groups: "'"}
	spaced := property.NumberStyle{Decimal: ',', Groups: " "}
	for _, c := range []struct {
		style      property.NumberStyle
		text, want string
		readings   []string
	}{
		{comma, "450.000", "450000", nil},
		{comma, "1.234,56", "1234.56", nil},
		{comma, "1,5", "1.5", nil},
		{comma, "1,250", "1.250", nil},
		{comma, "1.5", "", []string{"15", "1,5"}},
		{comma, "1,234.56", "", []string{"1234,56"}},
		{comma, "12.34.567", "", []string{"1234567"}},
		{comma, "1 250", "", []string{"1250"}},
		{apostrophe, "1'250.000", "1250.000", nil},
		{apostrophe, "1\u2019250", "1250", nil},
		{apostrophe, "1.250", "1.250", nil},
		{apostrophe, "1,250", "", []string{"1250", "1.250"}},
		{spaced, "1\u202f250,5", "1250.5", nil},
		{spaced, "1\u2009250\u2009000", "1250000", nil},
		{spaced, "1.250", "", []string{"1250", "1,250"}},
	} {
		plain, err := c.style.Plain(c.text)
		if diff := cmp.Diff(c.readings, readings(err)); plain != c.want || (err == nil) != (c.want != "") || diff != "" {
			t.Errorf("%+v: %q is %q, %v\n%s", c.style, c.text, plain, err, diff)
		}
	}
}

// A message leads in a circle when what it names is refused in turn.
func TestWhatARefusalNamesCanBeRead(t *testing.T) {
	styles := []property.NumberStyle{
		{}, property.TypedStyle, {Decimal: ',', Groups: "."}, {Decimal: '.', Groups: ","}, {Decimal: ',', Groups: " "},
	}
	rapid.Check(t, func(t *rapid.T) {
		style := rapid.SampledFrom(styles).Draw(t, "style")
		text := rapid.StringMatching(`[-+]?[0-9.,' _]{1,12}-?`).Draw(t, "text")
		_, err := style.Plain(text)
		for _, reading := range readings(err) {
			if plain, err := style.Plain(reading); err != nil {
				t.Fatalf("%q may be %q in %+v, and that is %q, %v", text, reading, style, plain, err)
			}
		}
	})
}

// What is read has the digits of the text and no others.
func FuzzNumberStyle(f *testing.F) {
	for _, c := range porttest.WrittenNumbers() {
		f.Add(c.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, style := range []property.NumberStyle{{}, property.TypedStyle, {Decimal: ',', Groups: "."}} {
			plain, err := style.Plain(text)
			if err != nil {
				continue
			}
			if _, err := property.ParseNumber(plain); err != nil && !strings.ContainsAny(plain, "eE") {
				t.Fatalf("%q is %q, which ParseNumber refuses", text, plain)
			}
			if again, err := (property.NumberStyle{Decimal: '.'}).Plain(plain); err != nil || again != plain {
				t.Fatalf("%q is %q, and that is %q, %v", text, plain, again, err)
			}
		}
	})
}

func TestLongTextsAreNoNumbers(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("1", 65), strings.Repeat(" ", 300) + "1", "1e99999", "1" + strings.Repeat(",000", 30),
	} {
		if plain, err := property.TypedStyle.Plain(text); err == nil {
			t.Errorf("%.20q… is %s", text, plain)
		}
	}
}

func TestAMarkIsOneCharacterThatIsNoDigitAndNoSign(t *testing.T) {
	for text, want := range map[string]rune{
		",": ',', ".": '.', "\u202f": ' ', "\u00a0": ' ', "\u2019": '\'', "\uff0c": ',', "": 0, "..": 0, "1": 0, "-": 0,
		"e": 0, "\u200b": 0,
	} {
		if got := property.MarkOf(text); got != want {
			t.Errorf("%q is the mark %q, want %q", text, got, want)
		}
	}
}
