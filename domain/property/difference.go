package property

import (
	"slices"
	"strconv"
	"strings"
)

// Difference is a field of a listing that has changed, named as in the JSON of a listing. The values are plain text as
// people write it: a price has two digits after the point, photos are one to a line, and what is absent is empty.
type Difference struct {
	Field         string
	Before, After string
}

// Differences are the fields in which two states of a listing differ, in the order of Details. Nil is the state of a
// listing that is not there: before its birth, after its removal. A state before that has no photos may lack them
// (Change.Before does), and so says nothing of photos, unless it is nil.
func Differences(before, after *Property) []Difference {
	var changed []Difference
	earlier, later := written(before), written(after)
	for i, name := range fieldNames {
		unknown := i == photosField && before != nil && earlier[i] == ""
		if earlier[i] != later[i] && !unknown {
			changed = append(changed, Difference{Field: name, Before: earlier[i], After: later[i]})
		}
	}
	return changed
}

// fieldNames are the fields of Details as the JSON of a listing names them; coordinates are two there.
var fieldNames = [...]string{
	"reference", "title", "description", "price", "currency", "location", "offer", "kind", "status",
	"bedrooms", "bathrooms", "area_m2", "latitude", "longitude", "photos",
}

var photosField = slices.Index(fieldNames[:], "photos")

// written is the text of each field; a field added to Details must be added here, and a test goes through all fields to
// make sure.
func written(p *Property) [len(fieldNames)]string {
	if p == nil {
		return [len(fieldNames)]string{}
	}
	degrees := func(of func(Coordinates) float64) string {
		return writtenOr(p.Coordinates, func(c Coordinates) string { return strconv.FormatFloat(of(c), 'f', -1, 64) })
	}
	return [len(fieldNames)]string{
		p.Reference, p.Title, p.Description, p.Price.String(), string(p.Currency), p.Location, string(p.Offer), string(p.Kind),
		string(p.Status), writtenOr(p.Bedrooms, strconv.Itoa), writtenOr(p.Bathrooms, Decimal.Short),
		writtenOr(p.AreaM2, Decimal.Short), degrees(func(c Coordinates) float64 { return c.Latitude }),
		degrees(func(c Coordinates) float64 { return c.Longitude }), strings.Join(p.Photos, "\n"),
	}
}

// writtenOr is the text of a value that may be absent; "" then.
func writtenOr[T any](value Optional[T], text func(T) string) string {
	if !value.Valid {
		return ""
	}
	return text(value.Value)
}
