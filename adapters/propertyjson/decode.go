package propertyjson

import (
	"bytes"
	"errors"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// Decode reads a listing to create. Absent members are zero in the result, for the domain to set their defaults;
// title, price and location have to be present. The error is
//
//   - a *SyntaxError when the text is not one JSON value in valid UTF-8;
//   - a *MemberError when members are unknown, repeated, set by the service, or of the wrong type;
//   - a *property.InvalidError when a value breaks a rule; it then names every other broken rule, too.
//
// With an error of the last two kinds the result has what could be read. Without an error it may still break rules of
// the domain; property.New says so.
func Decode(data []byte) (property.Details, error) {
	return decode(data, &draft{complete: true})
}

// DecodeReplacement is Decode for a listing that may have been read from this service. The members that the service
// sets may be present, with any value, and are ignored.
func DecodeReplacement(data []byte) (property.Details, error) {
	d, _, err := DecodeImport(data)
	return d, err
}

// DecodeImport is DecodeReplacement for a listing that may be stored already, and also returns the fields without a
// member.
func DecodeImport(data []byte) (property.Details, property.Fields, error) {
	d := draft{complete: true, ignoreReadOnly: true}
	details, err := decode(data, &d)
	return details, Absent(d.seen), err
}

// Merge applies a JSON merge patch (RFC 7396) to the details of a listing. Null makes a value unknown or empty; a
// choice or currency set to null is zero in the result, for the domain to set its default. Errors are those of
// Decode.
func Merge(patch []byte, onto property.Details) (property.Details, error) {
	return decode(patch, &draft{details: onto, position: onto.Position(), nulls: true})
}

// draft is a listing while its members are read.
type draft struct {
	complete       bool // required members have to be present
	ignoreReadOnly bool // members set by the service may be present
	nulls          bool // null may empty any optional member

	details  property.Details
	position property.Position
	seen     Selection
	shape    MemberError
	invalid  property.InvalidError
}

func decode(data []byte, d *draft) (property.Details, error) {
	if err := checkSyntax(data); err != nil {
		return property.Details{}, err
	}
	object := value(bytes.Trim(data, whiteSpace))
	if !object.isObject() {
		return property.Details{}, &MemberError{Fields: []property.FieldError{{Reason: "must be a JSON object"}}}
	}
	object.members(d.member)
	if len(d.shape.Fields) > 0 {
		return d.details, &d.shape
	}
	d.finish()
	if len(d.invalid.Fields) > 0 {
		d.alsoInvalid()
		return d.details, &d.invalid
	}
	return d.details, nil
}

func (d *draft) wrongShape(field, reason string) {
	if len(d.shape.Fields) < MaxMemberErrors {
		d.shape.Fields = append(d.shape.Fields, property.FieldError{Field: field, Reason: reason})
	}
}

func (d *draft) wrongValue(field, reason string) {
	d.invalid.Fields = append(d.invalid.Fields, property.FieldError{Field: field, Reason: reason})
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

func (d *draft) member(quoted, v value) {
	name, ok := quoted.text()
	m, known := MemberNamed(name)
	switch {
	case !ok:
		d.wrongShape("", "has a member whose name is not text")
	case !known:
		d.wrongShape(escapePointer.Replace(name), "is not a member of a listing")
	case d.seen.Has(m):
		d.wrongShape(name, "comes twice")
	case m.ReadOnly() && !d.ignoreReadOnly:
		d.wrongShape(name, "is set by the service")
	case !m.ReadOnly():
		d.set(m.Field(), v)
	}
	if known {
		d.seen = d.seen.With(m)
	}
}

func (d *draft) set(f *property.Field, v value) {
	switch f.Type {
	case property.TextField:
		d.ownText(f, v)
	case property.ChoiceField:
		d.choice(f, v)
	case property.MoneyField:
		d.money(f, v)
	case property.WholeField:
		d.whole(f, v)
	case property.DecimalField:
		f.SetNumber(&d.details, d.decimal(f, v))
	case property.DegreesField:
		*f.Degrees(&d.position) = d.degrees(f, v)
	case property.ListField:
		d.list(f, v)
	}
}

// finish checks what only the whole object shows.
func (d *draft) finish() {
	for i := range fields {
		if fields[i].Required && d.complete && !d.seen.Has(firstField+Member(i)) {
			d.wrongValue(fields[i].Name, "is required")
		}
	}
	d.details.Coordinates = d.position.Coordinates()
	if missing, present := d.position.Missing(); missing != "" && !d.wrong(missing) {
		d.wrongValue(missing, "is required with "+present)
	}
}

func (d *draft) wrong(field string) bool {
	for _, f := range d.invalid.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// alsoInvalid adds the rules of the domain that are broken, so that a client sees all mistakes at once.
func (d *draft) alsoInvalid() {
	var more *property.InvalidError
	if _, err := d.details.Checked(); errors.As(err, &more) {
		for _, f := range more.Fields {
			if !d.wrong(f.Field) {
				d.wrongValue(f.Field, f.Reason)
			}
		}
	}
}
