package propertyjson

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gable-listings/gable/domain/property"
)

// timeLayout is RFC 3339 with microseconds, always with six digits.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// Append adds the listing to a buffer as one JSON object with every member, without white space or a final newline.
func Append(b []byte, p *property.Property) []byte { return AppendSelected(b, p, Every) }

// AppendState adds the members that distinguish two states of the listing: all members but the absent ones of added
// fields. For a listing without added values the text is the same in every release, so that during an update a
// program recognizes a state that another has named.
func AppendState(b []byte, p *property.Property) []byte {
	selected := Every
	for i := range fields {
		if fields[i].Added && fields[i].Written(&p.Details) == "" {
			selected &^= 1 << (firstField + Member(i))
		}
	}
	return AppendSelected(b, p, selected)
}

// AppendSelected is Append with the selected members only. The id is always among them.
func AppendSelected(b []byte, p *property.Property, selected Selection) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, p.ID.String()...)
	b = append(b, '"')
	for i := range fields {
		if m := firstField + Member(i); selected.Has(m) {
			b = appendField(appendName(b, m), &p.Details, &fields[i])
		}
	}
	if selected.Has(Version) {
		b = strconv.AppendInt(appendName(b, Version), p.Version, 10)
	}
	if selected.Has(CreatedAt) {
		b = appendTime(appendName(b, CreatedAt), p.CreatedAt)
	}
	if selected.Has(UpdatedAt) {
		b = appendTime(appendName(b, UpdatedAt), p.UpdatedAt)
	}
	return append(b, '}')
}

// AppendDetails adds the members of the listing that a client may set, as one JSON object.
func AppendDetails(b []byte, d *property.Details) []byte {
	b = append(b, '{')
	for i := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, fields[i].Name), ':')
		b = appendField(b, d, &fields[i])
	}
	return append(b, '}')
}

func appendName(b []byte, m Member) []byte {
	b = append(b, ',', '"')
	b = append(b, names[m]...)
	return append(b, '"', ':')
}

func appendField(b []byte, d *property.Details, f *property.Field) []byte {
	switch f.Type {
	case property.TextField, property.ChoiceField:
		if text := *f.Text(d); text != "" || !f.Key {
			return AppendString(b, text)
		}
	case property.MoneyField:
		b = f.Number(d).Value.Append(append(b, '"'))
		return append(b, '"')
	case property.WholeField, property.DecimalField:
		if n, ok := f.Number(d).Get(); ok {
			return n.AppendShort(b)
		}
	case property.DegreesField:
		at := d.Position()
		if n, ok := f.Degrees(&at).Get(); ok {
			return appendDegrees(b, n)
		}
	case property.ListField:
		return appendTexts(b, *f.List(d))
	}
	return append(b, "null"...)
}

// appendDegrees writes the shortest text that reads back as the same number. Tiny values get an exponent, so that
// they do not grow to hundreds of digits.
func appendDegrees(b []byte, degrees float64) []byte {
	if abs := math.Abs(degrees); abs != 0 && abs < 1e-6 {
		return strconv.AppendFloat(b, degrees, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, degrees, 'f', -1, 64)
}

func appendTime(b []byte, t time.Time) []byte {
	b = t.UTC().AppendFormat(append(b, '"'), timeLayout)
	return append(b, '"')
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, text)
	}
	return append(b, ']')
}

// AppendString adds a text to a buffer as a JSON string: quoted, with only the escapes that JSON requires. A byte
// that is not UTF-8 becomes U+FFFD.
func AppendString(b []byte, text string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, text[start:i]...)
		b = appendEscape(b, c)
		i += size
		start = i
	}
	b = append(b, text[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	if c >= utf8.RuneSelf {
		return append(b, `\ufffd`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
