package porttest

import (
	"slices"

	"github.com/gable-listings/gable/domain/property"
)

// FieldsNamed returns the set of the fields with these names.
func FieldsNamed(names ...string) (set property.Fields) {
	for i, f := range property.FieldTable() {
		if slices.Contains(names, f.Name) {
			set = set.With(i)
		}
	}
	return set
}

// absence is a field that a source may lack, with all fields that are then absent.
type absence struct {
	property.Field
	fields property.Fields
}

func absences() (all []absence) {
	for i, f := range property.FieldTable() {
		if property.AllFields.Has(i) {
			named := property.AllFields.Without(property.Lacking(FieldsNamed(f.Name)))
			all = append(all, absence{f, named})
		}
	}
	return all
}

// oneFieldEdits returns edits that each change one field of a full draft. Each removed value differs from the least
// one.
func oneFieldEdits() map[string]func(*property.Details) {
	edits := map[string]func(*property.Details){
		"capitals":  title("Full"),
		"line ends": func(d *property.Details) { d.Description = "Line one\n\tline two" },
	}
	for _, f := range property.FieldTable() {
		if f.Key {
			continue // it identifies the listing
		}
		edits[f.Name] = OtherValue(&f)
		switch f.Type {
		case property.WholeField, property.DecimalField:
			edits["absent "+f.Name] = func(d *property.Details) { f.SetNumber(d, property.Optional[property.Decimal]{}) }
		case property.DegreesField:
			edits["absent coordinates"] = func(d *property.Details) { d.Coordinates = property.Optional[property.Coordinates]{} }
		case property.ListField:
			edits["number of "+f.Name] = func(d *property.Details) { *f.List(d) = (*f.List(d))[1:] }
		}
	}
	return edits
}

// OtherValue returns an edit that changes the value of one field of a full listing.
func OtherValue(f *property.Field) func(*property.Details) {
	return func(d *property.Details) {
		switch f.Type {
		case property.TextField:
			*f.Text(d) += "!"
		case property.ChoiceField:
			choices := append(slices.Clone(f.Choices), f.Default)
			*f.Text(d) = choices[slices.IndexFunc(choices, func(c string) bool { return c != *f.Text(d) })]
		case property.DegreesField:
			at := d.Position()
			f.Degrees(&at).Value += 1e-12
			d.Coordinates = at.Coordinates()
		case property.ListField:
			slices.Reverse((*f.List(d))[:2])
		case property.MoneyField, property.DecimalField:
			n := f.Number(d)
			if n.Value++; f.Quarters {
				n.Value = f.Min
			}
			f.SetNumber(d, n)
		case property.WholeField:
			f.SetNumber(d, property.Some(f.Min))
		}
	}
}
