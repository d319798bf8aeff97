package property_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestAShareOfTheLiveListingsIsExact(t *testing.T) {
	for _, c := range []struct {
		live, missing int
		share         float64
		exceeds       bool
	}{
		{0, 0, 0, false}, {10, 1, 0.1, false}, {10, 2, 0.1, true}, {9, 1, 0.1, true}, {30, 3, 0.1, false},
		{100, 29, 0.29, false}, {100, 30, 0.29, true}, {100, 7, 0.07, false}, {5, 0, 0, false}, {5, 1, 0, true},
		{5, 5, 1, false}, {1_000_000, 100_000, 0.1, false}, {1_000_000, 100_001, 0.1, true},
	} {
		w := property.Withdrawal{Live: c.live, Missing: c.missing}
		if got := w.Exceeds(c.share); got != c.exceeds {
			t.Errorf("%d of %d exceed %v: %t", c.missing, c.live, c.share, got)
		}
	}
	for percent := range 101 {
		w := property.Withdrawal{Live: 100, Missing: percent}
		if w.Exceeds(float64(percent) / 100) {
			t.Errorf("%d of 100 exceed %d%%", percent, percent)
		}
		if w.Missing++; percent < 100 && !w.Exceeds(float64(percent)/100) {
			t.Errorf("%d of 100 do not exceed %d%%", w.Missing, percent)
		}
	}
	for share, want := range map[float64]string{0: "0%", 0.1: "10%", 0.29: "29%", 0.125: "12.5%", 1: "100%"} {
		if got := property.PercentText(share); got != want {
			t.Errorf("%v is written %q, want %q", share, got, want)
		}
	}
}

func TestANameOfASourceIsCheckedLikeTheField(t *testing.T) {
	for name, want := range map[string]string{
		" mls-a ": "mls-a", "香港, 1": "香港, 1",
		strings.Repeat("é", property.MaxSource): strings.Repeat("é", property.MaxSource),
	} {
		if got, err := property.CheckedSource(name); err != nil || got != want {
			t.Errorf("%q is read as %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", " ", "a\nb", "\xff", strings.Repeat("é", property.MaxSource+1)} {
		_, err := property.CheckedSource(name)
		if invalid, ok := errors.AsType[*property.InvalidError](err); !ok || invalid.Fields[0].Field != "source" {
			t.Errorf("%q is accepted: %v", name, err)
		}
	}
}

// Photos that are new, and a place that moves, are differences; equal listings have none.
func TestTheDifferencesOfTwoDetailsAreThoseOfEachField(t *testing.T) {
	full := porttest.FullListing(t).Details
	if got := full.DifferencesTo(&full); got != nil {
		t.Errorf("a listing differs from itself in %+v", got)
	}
	for _, f := range property.FieldTable() {
		other := full
		other.Photos = append([]string(nil), full.Photos...)
		porttest.OtherValue(&f)(&other)
		want := []property.Difference{{Field: f.Name, Before: f.Written(&full), After: f.Written(&other)}}
		if diff := cmp.Diff(want, full.DifferencesTo(&other)); diff != "" {
			t.Errorf("another %s:\n%s", f.Name, diff)
		}
	}
	var none property.Details
	if got := none.DifferencesTo(&full); len(got) != property.FieldCount {
		t.Errorf("an empty listing differs in %+v", got)
	}
}
