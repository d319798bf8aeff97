package site

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// input is one field of the form of a listing.
type input struct {
	*property.Field
	Label, Value, Wrong string
	Room                int  // the largest number of characters; 0 for any number
	Area                bool // holds several lines
	Wide                bool // takes the whole width of the form
}

// Inputs returns the fields of the form. The reference, the source and fields of several lines come last.
func (f *editForm) Inputs() []input {
	var all []input
	fields := property.FieldTable()
	for i := range fields {
		all = append(all, f.input(&fields[i]))
	}
	slices.SortStableFunc(all, func(a, b input) int { return cmp.Compare(a.rank(), b.rank()) })
	return all
}

func (f *editForm) input(field *property.Field) input {
	name := field.Name
	return input{
		Field: field, Label: inputLabel(field), Value: f.Value(name), Wrong: f.Wrong[name], Room: room(field),
		Area: field.Lines || field.Type == property.ListField,
		Wide: field.Lines || field.Type == property.ListField || field.Type == property.TextField && !fromFeed(field),
	}
}

func (i input) rank() int {
	switch {
	case i.Area:
		return 2
	case fromFeed(i.Field):
		return 1
	}
	return 0
}

// fromFeed reports whether the field says where the listing comes from.
func fromFeed(f *property.Field) bool { return f.Key || f.Name == "source" }

// Typed reports whether the browser should show a keyboard for numbers. Some of these keyboards lack a minus.
func (i input) Typed() bool { return i.Numeric() && i.Min >= 0 }

// inputLabel returns the name of the field, with a hint where the format is not plain.
func inputLabel(f *property.Field) string {
	label := fieldName(f.Name)
	switch {
	case f.Name == "location":
		return label + ", as people write it"
	case f.Quarters:
		return label + ", in quarters"
	case f.Type == property.DegreesField:
		return label + ", degrees"
	case f.Type == property.ListField:
		return label + ", one address a line"
	}
	return label
}

// room returns the largest number of characters in the input of a field; 0 for any number.
func room(f *property.Field) int {
	switch f.Type {
	case property.TextField, property.ChoiceField:
		return f.Longest
	case property.WholeField:
		return max(len(f.Min.Short()), len(f.Max.Short()))
	case property.ListField:
		return 0
	}
	return 30
}

// read reads the submitted form into the details of a listing, and notes in Wrong what cannot be read.
func (f *editForm) read(form url.Values) (d property.Details) {
	f.Values = form
	if f.Wrong == nil {
		f.Wrong = map[string]string{}
	}
	var at property.Position
	fields := property.FieldTable()
	for i := range fields {
		f.readField(&fields[i], &d, &at)
	}
	d.Coordinates = at.Coordinates()
	return d
}

func (f *editForm) readField(field *property.Field, d *property.Details, at *property.Position) {
	typed := f.Values.Get(field.Name)
	text := strings.TrimSpace(typed)
	if property.Blank(text) {
		text = ""
	}
	switch field.Type {
	case property.TextField:
		if field.Lines {
			text = strings.ReplaceAll(typed, "\r\n", "\n")
		}
		*field.Text(d) = text
	case property.ChoiceField:
		if field.Choices == nil {
			text = strings.ToUpper(text)
		}
		*field.Text(d) = text
	case property.DegreesField:
		if f.located() {
			*field.Degrees(at) = property.Some(f.degrees(field, text))
		}
	case property.ListField:
		*field.List(d) = typedLines(typed)
	default:
		field.SetNumber(d, f.number(field, text))
	}
}

// number reads money, a whole number or a decimal.
func (f *editForm) number(field *property.Field, text string) property.Optional[property.Decimal] {
	switch {
	case text == "" && field.Required:
		f.Wrong[field.Name] = "is needed, like 450,000 or 1250.50"
		return property.Optional[property.Decimal]{}
	case text == "":
		return property.Optional[property.Decimal]{}
	}
	n, err := field.ReadTyped(text)
	if err != nil {
		f.Wrong[field.Name] = err.Error()
	} else if wrong := otherCurrency(text, f.currency()); field.Type == property.MoneyField && wrong != "" {
		f.Wrong[field.Name] = wrong
	}
	return property.Some(n)
}

// currency returns the currency that the form names, or else that of listings without one.
func (f *editForm) currency() property.Currency {
	return cmp.Or(property.Currency(strings.ToUpper(strings.TrimSpace(f.Values.Get("currency")))), f.Default)
}

// located reports whether a field of the position has text.
func (f *editForm) located() bool {
	return !property.Blank(f.Values.Get("latitude") + f.Values.Get("longitude"))
}

func (f *editForm) degrees(field *property.Field, text string) float64 {
	plain, err := property.NumberStyle{Decimal: '.'}.Plain(text)
	if _, unclear := errors.AsType[*property.AmbiguousError](err); unclear {
		f.Wrong[field.Name] = err.Error()
		return 0
	}
	n, err := property.ParseNumber(plain)
	if err != nil {
		f.Wrong[field.Name] = "must be a number of degrees, like 47.6062; leave both empty if the position is not known"
	}
	return n
}

// typedLines returns the lines that are not empty, without surrounding white space.
func typedLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
