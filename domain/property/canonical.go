package property

import (
	"encoding/csv"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// String is the canonical text of the search: its parameters as a URL query, in a fixed order, without defaults.
// Two searches mean the same exactly when their texts are equal. ParseSearch reads the text back.
func (s *Search) String() string {
	var q query
	s.writeQuestion(&q)
	if s.Limit != DefaultLimit {
		q.add("limit", strconv.Itoa(s.Limit))
	}
	if s.After.Valid {
		q.add("cursor", s.cursor(s.After.Value))
	}
	return q.text()
}

// writeQuestion writes the parameters that all pages of one search share.
func (s *Search) writeQuestion(q *query) {
	s.Filter.write(q)
	if s.Sort != DefaultSort {
		q.add("sort", s.Sort.String())
	}
}

// String is the canonical text of the filter, as in Search.String.
func (f *Filter) String() string {
	var q query
	f.write(&q)
	return q.text()
}

func (f *Filter) write(q *query) {
	q.add("q", typed(f.Words))
	q.add("reference", listed(f.References))
	q.add("location", f.Location)
	q.add("offer", joined(f.Offers))
	q.add("kind", joined(f.Kinds))
	q.add("status", joined(f.Statuses))
	q.add("currency", joined(f.Currencies))
	q.add("source", f.Source)
	f.writeRanges(q)
	if b, ok := f.Box.Get(); ok {
		q.add("bbox", degrees(b.West)+","+degrees(b.South)+","+degrees(b.East)+","+degrees(b.North))
	}
	if c, ok := f.Near.Get(); ok {
		q.add("near", degrees(c.Center.Latitude)+","+degrees(c.Center.Longitude))
		q.add("radius_km", degrees(c.RadiusKM))
	}
	writeTime(q, "created_after", f.CreatedAfter)
	writeTime(q, "updated_after", f.UpdatedAfter)
}

func writeTime(q *query, name string, t Optional[time.Time]) {
	if t.Valid {
		q.add(name, t.Value.Format(time.RFC3339Nano))
	}
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func joined[T ~string](items []T) string { return strings.Join(texts(items), ",") }

// listed is the references as a list in CSV.
func listed(references []string) string {
	if !strings.ContainsAny(strings.Join(references, ""), "\",") {
		return strings.Join(references, ",")
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(references) // into memory
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// query collects parameters that have a value. Commas stay readable.
type query struct{ b strings.Builder }

func (q *query) add(name, value string) {
	if value == "" {
		return
	}
	if q.b.Len() > 0 {
		q.b.WriteByte('&')
	}
	q.b.WriteString(name)
	q.b.WriteByte('=')
	q.b.WriteString(strings.ReplaceAll(url.QueryEscape(value), "%2C", ","))
}

func (q *query) text() string { return q.b.String() }
