package propertyjson

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gable-listings/gable/domain/property"
)

// timeLayout is RFC 3339 with microseconds, all six digits always.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// Append adds the listing to a buffer as one JSON object with every member, without white space or a final newline.
func Append(b []byte, p *property.Property) []byte { return AppendSelected(b, p, Every) }

// AppendSelected is Append with the selected members only. The id is always among them.
func AppendSelected(b []byte, p *property.Property, selected Selection) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, p.ID.String()...)
	b = append(b, '"')
	for m := Reference; m <= UpdatedAt; m++ {
		if selected.Has(m) {
			b = append(b, ',', '"')
			b = append(b, names[m]...)
			b = append(b, '"', ':')
			b = appendMember(b, p, m)
		}
	}
	return append(b, '}')
}

func appendMember(b []byte, p *property.Property, m Member) []byte {
	switch m {
	case Reference:
		if p.Reference == "" {
			return append(b, "null"...)
		}
		return AppendString(b, p.Reference)
	case Title:
		return AppendString(b, p.Title)
	case Description:
		return AppendString(b, p.Description)
	case Price:
		b = p.Price.Append(append(b, '"'))
		return append(b, '"')
	case Currency:
		return AppendString(b, string(p.Currency))
	case Location:
		return AppendString(b, p.Location)
	case Offer:
		return AppendString(b, string(p.Offer))
	case Kind:
		return AppendString(b, string(p.Kind))
	case Status:
		return AppendString(b, string(p.Status))
	case Photos:
		return appendPhotos(b, p.Photos)
	case CreatedAt:
		return appendTime(b, p.CreatedAt)
	case UpdatedAt:
		return appendTime(b, p.UpdatedAt)
	default:
		return appendNumber(b, p, m)
	}
}

func appendNumber(b []byte, p *property.Property, m Member) []byte {
	switch at, located := p.Coordinates.Get(); {
	case m == Version:
		return strconv.AppendInt(b, p.Version, 10)
	case m == Bedrooms && p.Bedrooms.Valid:
		return strconv.AppendInt(b, int64(p.Bedrooms.Value), 10)
	case m == Bathrooms && p.Bathrooms.Valid:
		return p.Bathrooms.Value.AppendShort(b)
	case m == AreaM2 && p.AreaM2.Valid:
		return p.AreaM2.Value.AppendShort(b)
	case m == Latitude && located:
		return appendDegrees(b, at.Latitude)
	case m == Longitude && located:
		return appendDegrees(b, at.Longitude)
	}
	return append(b, "null"...)
}

// appendDegrees writes the shortest text that reads back as the same number; tiny values get an exponent, so that none
// grows to hundreds of digits.
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

func appendPhotos(b []byte, photos []string) []byte {
	b = append(b, '[')
	for i, photo := range photos {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, photo)
	}
	return append(b, ']')
}

// AppendString adds a text to a buffer as a JSON string: quoted, with only the escapes that JSON asks for. A byte that is
// not UTF-8 becomes U+FFFD.
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
