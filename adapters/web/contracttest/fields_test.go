package contracttest

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi/datamodel/high/base"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

func TestTheContractHasEveryFieldOfAListing(t *testing.T) {
	var members, fields []string
	for _, m := range propertyjson.Members() {
		members = append(members, m.String())
		if !m.ReadOnly() {
			fields = append(fields, m.String())
		}
	}
	components := theContract(t).model.Components
	schema := func(name string) *base.Schema { return components.Schemas.GetOrZero(name).Schema() }
	for name, want := range map[string][]string{
		"Property": members, "PartialProperty": members, "PropertyReplacement": members,
		"NewProperty": fields, "PropertyPatch": fields,
	} {
		if diff := cmp.Diff(want, slices.Collect(schema(name).Properties.KeysFromOldest())); diff != "" {
			t.Errorf("%s (-domain +contract):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(members, schema("Property").Required); diff != "" {
		t.Errorf("required members of a listing (-domain +contract):\n%s", diff)
	}
	list := components.Parameters.GetOrZero("Fields").Schema.Schema().Items.A.Schema()
	if diff := cmp.Diff(members, choices[string](t, list)); diff != "" {
		t.Errorf("the parameter fields (-domain +contract):\n%s", diff)
	}
}

func TestTheContractHasTheBoundsOfEveryNumber(t *testing.T) {
	listing := theContract(t).model.Components.Schemas.GetOrZero("Property").Schema()
	for _, f := range property.FieldTable() {
		if !f.Numeric() || f.Type == property.MoneyField {
			continue // a price is a text with a pattern
		}
		proxy := listing.Properties.GetOrZero(f.Name)
		if proxy == nil || proxy.Schema().Minimum == nil || proxy.Schema().Maximum == nil {
			t.Errorf("%s has no bounds", f.Name)
			continue
		}
		s := proxy.Schema()
		lowest, highest := property.DecimalFromFloat(*s.Minimum), property.DecimalFromFloat(*s.Maximum)
		if lowest != f.Min || highest != f.Max {
			t.Errorf("%s is from %s to %s in the contract, from %s to %s here", f.Name, lowest, highest, f.Min, f.Max)
		}
	}
}

func TestEverySearchInTheContractHasEveryRange(t *testing.T) {
	var want []string
	for _, r := range new(property.Filter).Ranges() {
		want = append(want, "min_"+r.Name, "max_"+r.Name)
	}
	searches := 0
	for path, item := range theContract(t).model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			var ranges []string
			for _, p := range op.Parameters {
				if len(p.Name) > 4 && (p.Name[:4] == "min_" || p.Name[:4] == "max_") {
					ranges = append(ranges, p.Name)
				}
			}
			if ranges == nil {
				continue
			}
			searches++
			if diff := cmp.Diff(want, ranges); diff != "" {
				t.Errorf("%s %s (-domain +contract):\n%s", method, path, diff)
			}
		}
	}
	if searches < 2 {
		t.Errorf("%d searches have ranges", searches)
	}
}

// The area marks an example of a whole listing, which must also have every field added later.
func TestTheExamplesOfListingsHaveEveryAddedField(t *testing.T) {
	text, err := document()
	if err != nil {
		t.Fatal(err)
	}
	examples := func(name string) int {
		return len(regexp.MustCompile(`\b`+name+`"?: ?(null|[0-9a-z"'\[])`).FindAll(text, -1))
	}
	want := examples("area_m2")
	for _, f := range property.FieldTable() {
		if got := examples(f.Name); f.Added && (got != want || want == 0) {
			t.Errorf("%d examples have %s, and %d have area_m2", got, f.Name, want)
		}
	}
}
