package property_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

// A new range of Filter must also be in the table.
func TestTheTableHasEveryRangeOfAFilter(t *testing.T) {
	var f property.Filter
	inTable := map[*property.Range]string{}
	for _, r := range f.Ranges() {
		inTable[r.Range] = strings.ReplaceAll(r.Name, "_", "")
		if field := r.Field(); field == nil || !field.Numeric() || field.Type == property.DegreesField {
			t.Errorf("%s is not the name of a numeric field", r.Name)
		}
	}
	v := reflect.ValueOf(&f).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if r, ok := v.Field(i).Addr().Interface().(*property.Range); ok && inTable[r] != strings.ToLower(name) {
			t.Errorf("%s is missing from the table, or in the row of %q", name, inTable[r])
		}
	}
	if len(inTable) != property.RangeCount {
		t.Errorf("a range is repeated in the table")
	}
}

func TestEveryRangeIsReadWrittenAndMatched(t *testing.T) {
	for i, r := range new(property.Filter).Ranges() {
		field := r.Field()
		low, high, bare := listing(t, 1), listing(t, 2), listing(t, 3)
		field.SetNumber(&low.Details, property.Some(field.Max-200))
		field.SetNumber(&high.Details, property.Some(field.Max))
		bound := (field.Max - 100).Short()
		for query, want := range map[string][2]property.Match{
			"min_" + r.Name + "=" + bound: {property.No, property.Yes},
			"max_" + r.Name + "=" + bound: {property.Yes, property.No},
			"min_" + r.Name + "=" + (field.Max - 200).Short() + "&max_" + r.Name + "=" + field.Max.Short(): {
				property.Yes, property.Yes},
		} {
			s := search(t, query)
			if s.String() != query || s.Filter.Ranges()[i].Open() {
				t.Errorf("%s is read as %s", query, s)
			}
			if got := [2]property.Match{s.Filter.Matches(&low), s.Filter.Matches(&high)}; got != want {
				t.Errorf("%s matches %v, want %v", query, got, want)
			}
			if field.Type != property.MoneyField && s.Filter.Matches(&bare) != property.No {
				t.Errorf("%s lets an absent value through", query)
			}
		}
		_, err := parse("min_" + r.Name + "=" + field.Max.Short() + "&max_" + r.Name + "=" + bound)
		if want := "invalid: min_" + r.Name + " must not be greater than max_" + r.Name; err == nil || err.Error() != want {
			t.Errorf("a range with its ends swapped: error %v", err)
		}
	}
}
