package propertyjson

import (
	"errors"
	"strconv"

	"github.com/gable-listings/gable/domain/property"
)

func (d *draft) text(field string, v value, to *string) {
	text, ok := "", v.isString()
	if ok {
		text, ok = v.text()
	}
	if !ok {
		d.wrongShape(field, "must be a string")
		return
	}
	*to = text
}

// emptiable reads a text that null empties in a patch.
func (d *draft) emptiable(m Member, v value, to *string) {
	if d.nulls && v.isNull() {
		*to = ""
		return
	}
	d.text(m.String(), v, to)
}

// optionalText reads a text that is either not empty or null.
func (d *draft) optionalText(m Member, v value, to *string) {
	if v.isNull() {
		*to = ""
		return
	}
	d.text(m.String(), v, to)
	if string(v) == `""` {
		d.wrongValue(m.String(), "must not be empty")
	}
}

func setChoice[T ~string](d *draft, m Member, v value, to *T) {
	text := string(*to)
	if v.isNull() && !d.nulls {
		d.wrongShape(m.String(), "must be a string")
		return
	}
	d.optionalText(m, v, &text)
	*to = T(text)
}

func (d *draft) price(v value) {
	text := string(v)
	switch {
	case v.isString():
		d.text(Price.String(), v, &text)
	case !v.isNumber():
		d.wrongShape(Price.String(), "must be a decimal number, as text or as a number")
		return
	}
	if v.isString() && property.Ambiguous(text) {
		d.wrongValue(Price.String(), (&property.AmbiguousError{Text: text}).Error())
		return
	}
	d.details.Price = d.parseDecimal(Price, text, property.MaxPrice)
}

func (d *draft) decimal(m Member, v value, highest property.Decimal) property.Optional[property.Decimal] {
	if v.isNull() {
		return property.Optional[property.Decimal]{}
	}
	if !v.isNumber() {
		d.wrongShape(m.String(), "must be a number or null")
		return property.Optional[property.Decimal]{}
	}
	return property.Some(d.parseDecimal(m, string(v), highest))
}

func (d *draft) parseDecimal(m Member, text string, highest property.Decimal) property.Decimal {
	n, err := property.ParseDecimal(text)
	switch {
	case errors.Is(err, property.ErrTooPrecise):
		d.wrongValue(m.String(), "must have at most two digits after the point")
	case errors.Is(err, property.ErrOutOfRange):
		d.wrongValue(m.String(), "must be from 0 to "+highest.Short())
	case err != nil:
		d.wrongValue(m.String(), "must be a decimal number")
	}
	return n
}

func (d *draft) bedrooms(v value) {
	n := d.decimal(Bedrooms, v, property.MaxBedrooms*100)
	if n.Value%100 != 0 {
		d.wrongValue(Bedrooms.String(), "must be a whole number")
		return
	}
	d.details.Bedrooms = property.Optional[int]{Value: int(n.Value / 100), Valid: n.Valid}
}

func (d *draft) degrees(m Member, v value) property.Optional[float64] {
	if v.isNull() {
		return property.Optional[float64]{}
	}
	if !v.isNumber() {
		d.wrongShape(m.String(), "must be a number or null")
		return property.Optional[float64]{}
	}
	degrees, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		d.wrongValue(m.String(), "is out of range")
		return property.Optional[float64]{}
	}
	return property.Some(degrees)
}

func (d *draft) photos(v value) {
	if d.nulls && v.isNull() {
		d.details.Photos = nil
		return
	}
	if !v.isArray() {
		d.wrongShape(Photos.String(), "must be an array of strings")
		return
	}
	var photos []string
	v.items(func(item value) {
		photo := ""
		d.text("photos/"+strconv.Itoa(len(photos)), item, &photo)
		photos = append(photos, photo)
	})
	d.details.Photos = photos
}
