package listingfile

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// details makes a listing from a row, and says which fields the row says nothing about. The error is a
// *property.InvalidError that names every field that cannot be made; the details then hold what could be.
func (m *Mapping) details(row columns) (property.Details, property.Fields, error) {
	var a assignment
	row, err := m.withValues(row)
	if err == nil {
		err = m.refuses(row)
	}
	if err != nil {
		return property.Details{}, 0, err
	}
	var present propertyjson.Selection
	for i := range m.Fields {
		f := &m.Fields[i]
		s, err := f.eval(row)
		if err != nil {
			a.wrong(f.name, err.Error())
			continue
		}
		member, _ := propertyjson.MemberNamed(f.name)
		empty := strings.TrimSpace(s.text) == ""
		if !empty {
			a.set(member, s.text)
		}
		if !empty || s.certain && !isChoice(member) {
			present = present.With(member)
		}
	}
	d, err := a.finish()
	return d, propertyjson.Absent(present), err
}

// isChoice reports whether a member always has a value, so that an empty cell cannot be about it.
func isChoice(m propertyjson.Member) bool {
	return m == propertyjson.Offer || m == propertyjson.Kind || m == propertyjson.Status || m == propertyjson.Currency
}

// withValues adds the made-up values to the columns.
func (m *Mapping) withValues(row columns) (columns, error) {
	if len(m.Values) == 0 {
		return row, nil
	}
	made := make(map[string]said, len(m.Values))
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

// skips reports whether the row is one that the mapping leaves out.
func (m *Mapping) skips(row columns) bool {
	for i := range m.Skip {
		if met, err := m.Skip[i].met(row); err == nil && met {
			return true
		}
	}
	return false
}

// refuses is the reason why the row may not be brought in; nil when it may.
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

// assignment is a listing while its fields come in as texts, none of them empty.
type assignment struct {
	details             property.Details
	latitude, longitude property.Optional[float64]
	priced              bool
	invalid             property.InvalidError
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

func (a *assignment) set(m propertyjson.Member, text string) {
	d := &a.details
	trimmed := strings.TrimSpace(text)
	switch m {
	case propertyjson.Reference:
		d.Reference = trimmed
	case propertyjson.Title:
		d.Title = trimmed
	case propertyjson.Description:
		d.Description = text
	case propertyjson.Price:
		d.Price, a.priced = a.decimal(m, trimmed), true
	case propertyjson.Currency:
		d.Currency = property.Currency(trimmed)
	case propertyjson.Location:
		d.Location = trimmed
	case propertyjson.Offer:
		d.Offer = property.Offer(trimmed)
	case propertyjson.Kind:
		d.Kind = property.Kind(trimmed)
	case propertyjson.Status:
		d.Status = property.Status(trimmed)
	case propertyjson.Bedrooms:
		a.bedrooms(trimmed)
	case propertyjson.Bathrooms:
		d.Bathrooms = property.Some(a.decimal(m, trimmed))
	case propertyjson.AreaM2:
		d.AreaM2 = property.Some(a.decimal(m, trimmed))
	case propertyjson.Latitude:
		a.latitude = a.degrees(m, trimmed)
	case propertyjson.Longitude:
		a.longitude = a.degrees(m, trimmed)
	case propertyjson.Photos:
		a.photos(trimmed)
	}
}

func (a *assignment) decimal(m propertyjson.Member, text string) property.Decimal {
	n, err := property.ParseWritten(text)
	var ambiguous *property.AmbiguousError
	switch {
	case errors.As(err, &ambiguous):
		a.wrong(m.String(), ambiguous.Error())
	case errors.Is(err, property.ErrTooPrecise):
		a.wrong(m.String(), "must have at most two digits after the point, unlike "+strconv.Quote(text))
	case errors.Is(err, property.ErrOutOfRange):
		a.wrong(m.String(), "is out of range: "+strconv.Quote(text))
	case err != nil:
		a.wrong(m.String(), "must be a decimal number, not "+strconv.Quote(shorten(text, 60)))
	}
	return n
}

func (a *assignment) bedrooms(text string) {
	n := a.decimal(propertyjson.Bedrooms, text)
	if n%100 != 0 {
		a.wrong("bedrooms", "must be a whole number, not "+strconv.Quote(text))
		return
	}
	a.details.Bedrooms = property.Some(int(n / 100))
}

func (a *assignment) degrees(m propertyjson.Member, text string) property.Optional[float64] {
	degrees, err := property.ParseNumber(text)
	if err != nil {
		a.wrong(m.String(), "must be a number of degrees, not "+strconv.Quote(shorten(text, 60)))
	}
	return property.Some(degrees)
}

// photos reads addresses separated by white space, or a JSON array of them.
func (a *assignment) photos(text string) {
	if text[0] != '[' {
		a.details.Photos = strings.Fields(text)
		return
	}
	if err := json.Unmarshal([]byte(text), &a.details.Photos); err != nil {
		a.wrong("photos", "must be addresses separated by spaces, or a JSON array of them")
	}
}

// finish checks what only the whole row shows.
func (a *assignment) finish() (property.Details, error) {
	if !a.priced && !a.isWrong("price") {
		a.wrong("price", "is required")
	}
	switch {
	case a.latitude.Valid && a.longitude.Valid:
		at := property.Coordinates{Latitude: a.latitude.Value, Longitude: a.longitude.Value}
		a.details.Coordinates = property.Some(at)
	case a.latitude.Valid && !a.isWrong("longitude"):
		a.wrong("longitude", "is required with latitude")
	case a.longitude.Valid && !a.isWrong("latitude"):
		a.wrong("latitude", "is required with longitude")
	}
	if len(a.invalid.Fields) > 0 {
		return a.details, &a.invalid
	}
	return a.details, nil
}
