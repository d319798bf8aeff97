package cli

import (
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

func TestAShareIsAPercentage(t *testing.T) {
	for text, want := range map[string]float64{"40%": 0.4, "0%": 0, "100%": 1, "12.5 %": 0.125} {
		var s share
		if err := s.UnmarshalText([]byte(text)); err != nil || s.part != want || !s.set {
			t.Errorf("%q is read as %+v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "40", "0.4", "%", "-1%", "101%", "NaN%", "forty%"} {
		if err := new(share).UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "such as 40%") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A report stays readable, and safe to print, whatever a file contains.
func TestAReportIsBoundedWhateverTheFieldsHold(t *testing.T) {
	long := strings.Repeat("屋", 20_000)
	r := &property.ImportReport{Updated: 11, Superseded: 12, Edits: []property.Edit{{
		Line: 2, Reference: "r-1", Fields: []property.Difference{
			{Field: "description", Before: "two\nlines\r\n\tand more", After: long},
			{Field: "photos", Before: "https://a.example/1"},
		},
	}}}
	r.EditedFields.Count(r.Edits[0].Fields)
	var out strings.Builder
	printOutcome(&out, r)
	for _, want := range []string{
		"11 updated: description 1, photos 1\n", "line 2, r-1: description two lines and more → 屋",
		"…; photos https://a.example/1 → nothing\n", "… and 10 more", "… and 12 more",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
	if out.Len() > 2_000 {
		t.Errorf("the report has %d bytes", out.Len())
	}
}
