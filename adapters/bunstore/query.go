package bunstore

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
)

// searchQuery is the query for a page of a search. Its order and its beginning use the expressions of the indexes, so
// that a page costs the same however far down the order it begins.
func searchQuery(q *bun.SelectQuery, d dialect, s *property.Search) *bun.SelectQuery {
	key := sortKey(s.Sort)
	direction, beyond := "", ">"
	if s.Sort.Descending {
		direction, beyond = " DESC", "<"
	}
	q = conditions{q, d, &s.Sort}.of(&s.Filter)
	if after, ok := s.After.Get(); ok {
		q = q.Where("("+key+", p.id) "+beyond+" (?, ?)", sortValue(s.Sort.Key, after.Key), uuid(after.ID))
	}
	return q.OrderExpr(key + direction + ", p.id" + direction).Limit(int64(s.Limit))
}

// sortKey is the expression of the index for this order.
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
	case property.SortDistance:
		return "gable_distance(p.latitude, p.longitude, " + literal(s.From.Latitude) + ", " + literal(s.From.Longitude) + ")"
	default:
		return "p.created_at"
	}
}

// literal is a number in SQL that both databases read back as the very number, and SQLite never as an integer.
func literal(f float64) string { return strconv.FormatFloat(f, 'e', -1, 64) }

// sortValue is the key of a sort position as the column holds it. A time outside the range of listings becomes the
// nearest one inside.
func sortValue(key property.SortKey, value int64) any {
	switch key {
	case property.SortPrice, property.SortAreaM2:
		return decimal(value)
	case property.SortDistance:
		return value
	}
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	return instant(time.UnixMicro(min(max(value, first.UnixMicro()), last.UnixMicro())))
}

// conditions adds a filter's conditions to a query; order is nil when the query counts.
type conditions struct {
	*bun.SelectQuery
	dialect dialect
	order   *property.Sort
}

// of adds conditions that let through exactly what property.Filter.Matches does.
func (c conditions) of(f *property.Filter) *bun.SelectQuery {
	if len(f.Words) > 0 {
		c.words(f)
	}
	if len(f.References) > 0 {
		c.Where("p.reference IN (?)", bun.List(f.References))
	}
	if f.Location != "" {
		c.Where(contains("p.location"), likePattern(f.Location))
	}
	oneOf(c, "p.offer", f.Offers)
	oneOf(c, "p.kind", f.Kinds)
	oneOf(c, "p.status", f.Statuses)
	oneOf(c, "p.currency", f.Currencies)
	if f.Source != "" {
		oneOf(c, "p.source", []string{f.Source})
	}
	for _, r := range f.Ranges() {
		c.between(r)
	}
	if box, ok := f.Box.Get(); ok {
		c.within(box)
	}
	if circle, ok := f.Near.Get(); ok {
		c.near(circle)
	}
	if after, ok := f.CreatedAfter.Get(); ok {
		c.Where("p.created_at > ?", instant(after))
	}
	if after, ok := f.UpdatedAfter.Get(); ok {
		c.Where("p.updated_at > ?", instant(after))
	}
	return c.SelectQuery
}

// words requires that each word occurs in a text of the listing, or that all of them are its reference.
func (c conditions) words(f *property.Filter) {
	c.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, word := range f.Words {
			q.Where(contains("p.title || '|' || p.description || '|' || p.location"), likePattern(word))
		}
		return q.WhereOr("gable_fold(p.reference) = ?", f.Whole())
	})
}

// contains is the condition that the fold of a text matches a pattern. The function gable_fold is property.Fold: in
// Postgres it is in triggers.sql, and its expression is that of an index; in SQLite it is the program's own.
func contains(text string) string { return "gable_fold(" + text + `) LIKE ? ESCAPE '\'` }

// oneOf requires one of the choices. It leaves the choice of an index to the database where that index also has the
// order of the page.
func oneOf[T ~string](c conditions, column string, choices []T) {
	single := len(choices) == 1
	if c.order != nil && !(single && c.order.Key == property.SortCreatedAt) {
		column = c.dialect.noIndex(column)
	}
	switch {
	case single:
		c.Where(column+" = ?", string(choices[0]))
	case len(choices) > 1:
		c.Where(column+" IN (?)", bun.List(choices))
	}
}

// between requires a number within bounds. It leaves the choice of an index to the database where the page is by
// price, an order that the index has.
func (c conditions) between(r property.NamedRange) {
	column := "p." + r.Name
	if c.order != nil && (c.order.Key != property.SortPrice || r.Name != "price") {
		column = c.dialect.noIndex(column)
	}
	value := func(bound property.Decimal) any { return decimal(bound) }
	if r.Field().Type == property.WholeField {
		value = func(bound property.Decimal) any { return int64(bound / 100) }
	}
	if lowest, ok := r.Min.Get(); ok {
		c.Where(column+" >= ?", value(lowest))
	}
	if highest, ok := r.Max.Get(); ok {
		c.Where(column+" <= ?", value(highest))
	}
}

func (c conditions) within(b property.Box) {
	c.Where("p.latitude BETWEEN ? AND ?", b.South, b.North)
	if b.West <= b.East {
		c.Where("p.longitude BETWEEN ? AND ?", b.West, b.East)
	} else {
		c.Where("(p.longitude >= ? OR p.longitude <= ?)", b.West, b.East)
	}
}

// near compares the haversine, which grows with the distance, instead of the distance itself. That saves the database
// the arc sine, whose argument rounding could push out of its range.
func (c conditions) near(circle property.Circle) {
	const degree = math.Pi / 180
	at := circle.Center
	most := math.Pow(math.Sin(circle.RadiusKM/property.EarthRadiusKM/2), 2)
	c.within(circle.Bounds())
	c.Where("power(sin((p.latitude - ?) * ?), 2) + cos(p.latitude * ?) * ? * power(sin((p.longitude - ?) * ?), 2) <= ?",
		at.Latitude, degree/2, degree, math.Cos(at.Latitude*degree), at.Longitude, degree/2, most)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// likePattern is a LIKE pattern, escaped with a backslash, of the folded texts that contain the part.
func likePattern(part string) string { return "%" + likeEscaper.Replace(property.FoldPart(part)) + "%" }
