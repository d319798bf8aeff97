package listingfile

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// fill makes the record's listing from a row. The record's error is a *property.InvalidError that names every field
// that cannot be made; its details then hold the others.
func (m *Mapping) fill(r *property.Record, row columns) {
	var a assignment
	all, err := m.withValues(row)
	if err == nil {
		row, err = all, m.refuses(all)
	}
	if r.Err = err; err != nil {
		r.Details = m.identity(row)
		return
	}
	var present propertyjson.Selection
	for i := range m.Fields {
		f := &m.Fields[i]
		s, err := f.eval(row)
		if err != nil {
			a.wrong(f.name, err.Error())
			continue
		}
		for _, note := range s.notes {
			r.Notes = append(r.Notes, property.FieldError{Field: f.name, Reason: note})
		}
		member, _ := propertyjson.MemberNamed(f.name)
		field := member.Field()
		empty := property.Blank(s.text)
		if !empty {
			a.set(field, s.text)
		}
		if !empty || s.certain && field.Type != property.ChoiceField { // an empty cell leaves a choice alone
			present = present.With(member)
		}
	}
	r.Details, r.Err = a.finish()
	r.Absent = propertyjson.Absent(present)
}

// identity returns the reference of a row that cannot be read further, if its columns have it.
func (m *Mapping) identity(row columns) (d property.Details) {
	for i := range m.Fields {
		if f := &m.Fields[i]; f.name == "reference" {
			if s, err := f.eval(row); err == nil {
				d.Reference = strings.TrimSpace(s.text)
			}
		}
	}
	return d
}

// withValues adds the made-up values to the columns.
func (m *Mapping) withValues(row columns) (columns, error) {
	if len(m.Values) == 0 {
		return row, nil
	}
	made := make(map[string]result, len(m.Values))
	all := func(name string) (string, bool) {
		if s, ok := made[name]; ok {
			return s.text, s.certain
		}
		return row(name)
	}
	for i := range m.Values {
		v := &m.Values[i]
		s, err := v.eval(all)
		if err != nil {
			return nil, rowError("has a value %q that %v", v.name, err)
		}
		made[v.name] = s
	}
	return all, nil
}

// skips reports whether the mapping leaves the row out.
func (m *Mapping) skips(row columns) bool {
	for i := range m.Skip {
		if met, err := m.Skip[i].met(row); err == nil && met {
			return true
		}
	}
	return false
}

// refuses returns the reason why the row may not be imported; nil when it may.
func (m *Mapping) refuses(row columns) error {
	for i := range m.Refuse {
		c := &m.Refuse[i]
		met, err := c.met(row)
		if err != nil {
			return rowError("has a value that %v", err)
		}
		if met {
			return rowError("%s", c.because)
		}
	}
	return nil
}

func (c *condition) met(row columns) (bool, error) {
	s, err := c.value.eval(row)
	_, met := c.is.find(s.text)
	return met, err
}

// assignment is a listing while its fields are set from texts, none of them empty.
type assignment struct {
	details  property.Details
	position property.Position
	priced   bool
	invalid  property.InvalidError
}

func (a *assignment) wrong(field, reason string) {
	a.invalid.Fields = append(a.invalid.Fields, property.FieldError{Field: field, Reason: reason})
}

func (a *assignment) isWrong(field string) bool {
	for _, f := range a.invalid.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

func (a *assignment) set(f *property.Field, text string) {
	trimmed := strings.TrimSpace(text)
	switch f.Type {
	case property.TextField, property.ChoiceField:
		if f.Lines {
			trimmed = text
		}
		*f.Text(&a.details) = trimmed
	case property.MoneyField:
		f.SetNumber(&a.details, property.Some(a.decimal(f, trimmed)))
		a.priced = true
	case property.WholeField:
		a.whole(f, trimmed)
	case property.DecimalField:
		f.SetNumber(&a.details, property.Some(a.decimal(f, trimmed)))
	case property.DegreesField:
		*f.Degrees(&a.position) = property.Some(a.degrees(f, trimmed))
	case property.ListField:
		a.list(f, trimmed)
	}
}

func (a *assignment) decimal(f *property.Field, text string) property.Decimal {
	n, err := property.ParseWritten(text)
	var ambiguous *property.AmbiguousError
	switch {
	case errors.As(err, &ambiguous):
		a.wrong(f.Name, ambiguous.Error())
	case errors.Is(err, property.ErrTooPrecise):
		a.wrong(f.Name, f.TooPrecise()+", unlike "+strconv.Quote(text))
	case errors.Is(err, property.ErrOutOfRange):
		a.wrong(f.Name, "is out of range: "+strconv.Quote(text))
	case err != nil:
		a.wrong(f.Name, "must be a decimal number, not "+strconv.Quote(shorten(text, 60)))
	}
	return n
}

func (a *assignment) whole(f *property.Field, text string) {
	n := a.decimal(f, text)
	if n%100 != 0 {
		a.wrong(f.Name, "must be a whole number, not "+strconv.Quote(text))
		return
	}
	f.SetNumber(&a.details, property.Some(n))
}

func (a *assignment) degrees(f *property.Field, text string) float64 {
	degrees, err := property.ParseNumber(text)
	if err != nil {
		a.wrong(f.Name, "must be a number of degrees, not "+strconv.Quote(shorten(text, 60)))
	}
	return degrees
}

// list reads addresses separated by white space, or a JSON array of them.
func (a *assignment) list(f *property.Field, text string) {
	to := f.List(&a.details)
	if text[0] != '[' {
		*to = strings.Fields(text)
		return
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		a.wrong(f.Name, "must be addresses separated by spaces, or a JSON array of them")
	}
}

// finish checks what only the whole row shows.
func (a *assignment) finish() (property.Details, error) {
	if !a.priced && !a.isWrong("price") {
		a.wrong("price", "is required")
	}
	a.details.Coordinates = a.position.Coordinates()
	if missing, present := a.position.Missing(); missing != "" && !a.isWrong(missing) {
		a.wrong(missing, "is required with "+present)
	}
	if len(a.invalid.Fields) > 0 {
		return a.details, &a.invalid
	}
	return a.details, nil
}
