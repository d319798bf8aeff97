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

// ownText reads a text field. Null empties a field that a patch may empty, and a key field everywhere.
func (d *draft) ownText(f *property.Field, v value) {
	to := f.Text(&d.details)
	switch {
	case f.Key:
		d.optionalText(f, v, to)
	case d.nulls && v.isNull() && !f.Required:
		*to = ""
	default:
		d.text(f.Name, v, to)
	}
}

// optionalText reads a text that is either not empty or null.
func (d *draft) optionalText(f *property.Field, v value, to *string) {
	if v.isNull() {
		*to = ""
		return
	}
	d.text(f.Name, v, to)
	if string(v) == `""` {
		d.wrongValue(f.Name, "must not be empty")
	}
}

func (d *draft) choice(f *property.Field, v value) {
	if v.isNull() && !d.nulls {
		d.wrongShape(f.Name, "must be a string")
		return
	}
	d.optionalText(f, v, f.Text(&d.details))
}

func (d *draft) money(f *property.Field, v value) {
	text := string(v)
	switch {
	case v.isString():
		d.text(f.Name, v, &text)
	case !v.isNumber():
		d.wrongShape(f.Name, "must be a decimal number, as text or as a number")
		return
	}
	if unclear, ok := errors.AsType[*property.AmbiguousError](property.CheckWritten(text)); ok && v.isString() {
		d.wrongValue(f.Name, unclear.Error())
		return
	}
	f.SetNumber(&d.details, property.Some(d.parseDecimal(f, text)))
}

func (d *draft) decimal(f *property.Field, v value) property.Optional[property.Decimal] {
	if v.isNull() {
		return property.Optional[property.Decimal]{}
	}
	if !v.isNumber() {
		d.wrongShape(f.Name, "must be a number or null")
		return property.Optional[property.Decimal]{}
	}
	return property.Some(d.parseDecimal(f, string(v)))
}

func (d *draft) parseDecimal(f *property.Field, text string) property.Decimal {
	n, err := property.ParseDecimal(text)
	switch {
	case errors.Is(err, property.ErrTooPrecise):
		d.wrongValue(f.Name, f.TooPrecise())
	case errors.Is(err, property.ErrOutOfRange):
		d.wrongValue(f.Name, "must be from "+f.Min.Short()+" to "+f.Max.Short())
	case err != nil:
		d.wrongValue(f.Name, "must be a decimal number")
	}
	return n
}

func (d *draft) whole(f *property.Field, v value) {
	n := d.decimal(f, v)
	if n.Value%100 != 0 {
		d.wrongValue(f.Name, "must be a whole number")
		return
	}
	f.SetNumber(&d.details, n)
}

func (d *draft) degrees(f *property.Field, v value) property.Optional[float64] {
	if v.isNull() {
		return property.Optional[float64]{}
	}
	if !v.isNumber() {
		d.wrongShape(f.Name, "must be a number or null")
		return property.Optional[float64]{}
	}
	degrees, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		d.wrongValue(f.Name, "is out of range")
		return property.Optional[float64]{}
	}
	return property.Some(degrees)
}

func (d *draft) list(f *property.Field, v value) {
	to := f.List(&d.details)
	if d.nulls && v.isNull() {
		*to = nil
		return
	}
	if !v.isArray() {
		d.wrongShape(f.Name, "must be an array of strings")
		return
	}
	var items []string
	v.items(func(item value) {
		text := ""
		d.text(f.Name+"/"+strconv.Itoa(len(items)), item, &text)
		items = append(items, text)
	})
	*to = items
}
