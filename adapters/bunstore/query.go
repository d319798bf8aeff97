package bunstore

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
)

// searchQuery is the page that a search asks for. Its order and its beginning use the expressions of the indexes, so that
// a page costs the same however far down the order it begins.
func searchQuery(q *bun.SelectQuery, d dialect, s *property.Search) *bun.SelectQuery {
	key := sortKey(s.Sort)
	direction, beyond := "", ">"
	if s.Sort.Descending {
		direction, beyond = " DESC", "<"
	}
	q = filtered(q, d, &s.Filter)
	if after, ok := s.After.Get(); ok {
		q = q.Where("("+key+", p.id) "+beyond+" (?, ?)", sortValue(s.Sort.Key, after.Key), uuid(after.ID))
	}
	return q.OrderExpr(key + direction + ", p.id" + direction).Limit(int64(s.Limit))
}

// sortKey is the expression that the index for this order is made of.
func sortKey(s property.Sort) string {
	switch s.Key {
	case property.SortUpdatedAt:
		return "p.updated_at"
	case property.SortPrice:
		return "p.price"
	case property.SortAreaM2:
		if s.Descending {
			return "coalesce(p.area_m2, -1)" // property.NoAreaDescending
		}
		return "coalesce(p.area_m2, 10000000000)" // property.NoAreaAscending
	default:
		return "p.created_at"
	}
}

// sortValue is a place's key as the column holds it. A time that no listing can have becomes the nearest that one can.
func sortValue(key property.SortKey, value int64) any {
	if key == property.SortPrice || key == property.SortAreaM2 {
		return decimal(value)
	}
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	return instant(time.UnixMicro(min(max(value, first.UnixMicro()), last.UnixMicro())))
}

// filtered adds the filter's conditions, which let through exactly what property.Filter.Matches does.
func filtered(q *bun.SelectQuery, d dialect, f *property.Filter) *bun.SelectQuery {
	for _, word := range f.Words {
		q = contains(q, d, "(p.title || ' ' || p.description || ' ' || p.location)", word)
	}
	if f.Location != "" {
		q = contains(q, d, "p.location", f.Location)
	}
	q = oneOf(q, "p.offer", f.Offers)
	q = oneOf(q, "p.kind", f.Kinds)
	q = oneOf(q, "p.status", f.Statuses)
	q = oneOf(q, "p.currency", f.Currencies)
	q = between(q, "p.price", f.Price, asDecimal)
	q = between(q, "p.bedrooms", f.Bedrooms, func(n int) any { return n })
	q = between(q, "p.bathrooms", f.Bathrooms, asDecimal)
	q = between(q, "p.area_m2", f.AreaM2, asDecimal)
	if box, ok := f.Box.Get(); ok {
		q = within(q, box)
	}
	if circle, ok := f.Near.Get(); ok {
		q = near(q, circle)
	}
	if after, ok := f.CreatedAfter.Get(); ok {
		q = q.Where("p.created_at > ?", instant(after))
	}
	if after, ok := f.UpdatedAfter.Get(); ok {
		q = q.Where("p.updated_at > ?", instant(after))
	}
	return q
}

func contains(q *bun.SelectQuery, d dialect, expression, part string) *bun.SelectQuery {
	condition, args := d.contains(expression, part)
	return q.Where(condition, args...)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// likePattern is a LIKE pattern, escaped with a backslash, of the texts that contain the part.
func likePattern(part string) string { return "%" + likeEscaper.Replace(part) + "%" }

func oneOf[T ~string](q *bun.SelectQuery, column string, choices []T) *bun.SelectQuery {
	switch len(choices) {
	case 0:
		return q
	case 1:
		return q.Where(column+" = ?", string(choices[0]))
	}
	return q.Where(column+" IN (?)", bun.List(choices))
}

func asDecimal(d property.Decimal) any { return decimal(d) }

func between[T cmp.Ordered](q *bun.SelectQuery, column string, r property.Range[T], value func(T) any) *bun.SelectQuery {
	if lowest, ok := r.Min.Get(); ok {
		q = q.Where(column+" >= ?", value(lowest))
	}
	if highest, ok := r.Max.Get(); ok {
		q = q.Where(column+" <= ?", value(highest))
	}
	return q
}

func within(q *bun.SelectQuery, b property.Box) *bun.SelectQuery {
	q = q.Where("p.latitude BETWEEN ? AND ?", b.South, b.North)
	if b.West <= b.East {
		return q.Where("p.longitude BETWEEN ? AND ?", b.West, b.East)
	}
	return q.Where("(p.longitude >= ? OR p.longitude <= ?)", b.West, b.East)
}

// near compares the haversine itself, which grows with the distance, instead of the distance: it spares the database the
// arc sine, whose argument rounding could push out of its range.
func near(q *bun.SelectQuery, c property.Circle) *bun.SelectQuery {
	const degree = math.Pi / 180
	most := math.Pow(math.Sin(c.RadiusKM/property.EarthRadiusKM/2), 2)
	return within(q, c.Bounds()).Where("power(sin((p.latitude - ?) * ?), 2)"+
		" + cos(p.latitude * ?) * ? * power(sin((p.longitude - ?) * ?), 2) <= ?",
		c.Center.Latitude, degree/2, degree, math.Cos(c.Center.Latitude*degree), c.Center.Longitude, degree/2, most)
}
