package property

import (
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParseSearch reads a search from parameters spelled as in the HTTP contract, such as {"kind": {"house,room"},
// "max_price": {"450000"}}. Equal searches give equal values, in whatever spelling. The error is an *InvalidError
// that names every parameter that is unknown, repeated, malformed or in contradiction with another. When only the
// cursor is at fault, the error wraps ErrInvalidCursor.
func ParseSearch(parameters map[string][]string) (Search, error) {
	p := parser{parameters: parameters}
	s := Search{Filter: p.filter()}
	s.Sort, s.Limit = p.sort(s.Filter.Near), p.limit()
	cursor := p.take("cursor")
	p.refuseRest()
	if err := p.wrong.orNil(); err != nil {
		return Search{}, err
	}
	if _, present := parameters["cursor"]; present {
		after, err := s.parseCursor(cursor)
		if err != nil {
			return Search{}, err
		}
		s.After = Some(after)
	}
	return s, nil
}

// ParseExport reads the search of an export: as ParseSearch, and without a sort in ExportSort.
func ParseExport(parameters map[string][]string) (Search, error) {
	s, err := ParseSearch(parameters)
	if err == nil && strings.Join(parameters["sort"], "") == "" {
		s.Sort = ExportSort
	}
	return s, err
}

// parser takes parameters one by one and collects their errors.
type parser struct {
	parameters map[string][]string
	taken      []string
	wrong      InvalidError
}

func (p *parser) take(name string) string {
	p.taken = append(p.taken, name)
	values := p.parameters[name]
	switch len(values) {
	case 0:
		return ""
	case 1:
	default:
		p.wrong.add(name, "must appear once, not %d times", len(values))
		return ""
	}
	if values[0] == "" {
		p.wrong.add(name, "must not be empty; leave it out instead")
	}
	return values[0]
}

func (p *parser) refuseRest() {
	for _, name := range slices.Sorted(maps.Keys(p.parameters)) {
		if !slices.Contains(p.taken, name) {
			p.wrong.add(name, "is not a search parameter")
		}
	}
}

func (p *parser) filter() Filter {
	f := Filter{
		Words:      p.words("q"),
		References: p.references("reference"),
		Location:   FoldPart(p.text("location")),
		Offers:     choices(p, "offer", Offers()),
		Kinds:      choices(p, "kind", Kinds()),
		Statuses:   choices(p, "status", Statuses()),
		Currencies: p.currencies("currency"),
		Source:     p.source("source"),
	}
	p.ranges(&f)
	f.Box = p.box("bbox")
	f.CreatedAfter, f.UpdatedAfter = p.time("created_after"), p.time("updated_after")
	f.Near = p.circle("near", "radius_km")
	return f
}

// text reads a text to search for, in NFC.
func (p *parser) text(name string) string {
	text := p.take(name)
	invalid := !utf8.ValidString(text)
	nul := strings.ContainsRune(text, 0)
	text = strings.TrimSpace(composed(text))
	switch {
	case invalid:
		p.wrong.add(name, "must be valid UTF-8")
	case utf8.RuneCountInString(text) > MaxText:
		p.wrong.add(name, "must have at most %d characters", MaxText)
	case nul:
		p.wrong.add(name, "must not contain the character U+0000")
	}
	return text
}

func (p *parser) words(name string) []string {
	words := searchWords(p.text(name))
	if len(words) > MaxWords {
		p.wrong.add(name, "must have at most %d words, not %d", MaxWords, len(words))
	}
	return words
}

// references reads a comma-separated list of references. As in CSV, one with a comma in it stands in quotation marks.
func (p *parser) references(name string) []string {
	text := p.take(name)
	if text == "" {
		return nil
	}
	lines := csv.NewReader(strings.NewReader(text))
	lines.LazyQuotes, lines.TrimLeadingSpace = true, true
	list, err := lines.Read()
	if _, more := lines.Read(); err != nil || !errors.Is(more, io.EOF) {
		p.wrong.add(name, "must be references separated by commas; one with a comma in it stands in quotation marks")
		return nil
	}
	for i, reference := range list {
		list[i] = norm.NFC.String(strings.TrimSpace(reference))
		if n := utf8.RuneCountInString(list[i]); n == 0 || n > MaxReference || !printable(list[i]) {
			p.wrong.add(name, "must be references of 1 to %d characters, not %.100q", MaxReference, list[i])
			return nil
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > MaxReferences {
		p.wrong.add(name, "must be at most %d references, not %d", MaxReferences, len(list))
	}
	return list
}

// printable reports whether a reference can have this text.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// choices reads a comma-separated list of known words; all of them mean the same as none.
func choices[T ~string](p *parser, name string, known []T) []T {
	chosen := commaList[T](p.take(name))
	for _, c := range chosen {
		if !slices.Contains(known, c) {
			p.wrong.add(name, "must be one or more of %s, not %s", strings.Join(texts(known), ", "), strconv.Quote(string(c)))
		}
	}
	if len(chosen) == len(known) {
		return nil
	}
	return chosen
}

func (p *parser) currencies(name string) []Currency {
	codes := commaList[Currency](strings.ToUpper(p.take(name)))
	for _, c := range codes {
		if !c.Known() {
			p.wrong.add(name, "must be one or more ISO 4217 codes such as USD, not %s", strconv.Quote(string(c)))
		}
	}
	return codes
}

func (p *parser) source(name string) string {
	source := strings.TrimSpace(p.take(name))
	p.wrong.text(name, source, false, MaxSource, false)
	return source
}

func commaList[T ~string](text string) []T {
	if text == "" {
		return nil
	}
	var items []T
	for item := range strings.SplitSeq(text, ",") {
		items = append(items, T(strings.TrimSpace(item)))
	}
	slices.Sort(items)
	return slices.Compact(items)
}

func (p *parser) decimal(name, text string) Decimal {
	d, err := ParseWritten(text)
	var ambiguous *AmbiguousError
	switch {
	case errors.As(err, &ambiguous):
		p.wrong.add(name, "%s", ambiguous)
	case err != nil:
		p.wrong.add(name, "must be a decimal number such as 450000 or 2.25, with two digits after the point at most")
	case strings.HasPrefix(text, "-"):
		p.wrong.add(name, "must not be negative")
	}
	return d
}

func (p *parser) whole(name, text string, f *Field) Decimal {
	lowest, highest := int(f.Min/one), int(f.Max/one)
	n, err := ParseWhole(text, lowest, highest)
	if err != nil {
		p.wrong.add(name, "must be a whole number from %d to %d", lowest, highest)
	}
	return Decimal(n) * one
}

// strictTime matches RFC 3339. Go's parser also accepts an hour of one digit, a comma before the fraction, and an
// offset of a day.
var strictTime = regexp.MustCompile(
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

func parseTime(text string) (time.Time, error) {
	if !strictTime.MatchString(text) {
		return time.Time{}, ErrNotTime
	}
	return time.Parse(time.RFC3339Nano, text)
}

// ErrNotTime means that a text is not an RFC 3339 time.
var ErrNotTime = errors.New("not a time")

func (p *parser) time(name string) Optional[time.Time] {
	text := p.take(name)
	if text == "" {
		return Optional[time.Time]{}
	}
	t, err := parseTime(text)
	if err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		p.wrong.add(name, "must be an RFC 3339 time such as 2026-11-23T08:00:00Z (a + in it is written %%2B)")
		return Optional[time.Time]{}
	}
	return Some(Instant(t))
}

func (p *parser) numbers(name string, text string, count int, shape string) []float64 {
	numbers := make([]float64, 0, count)
	for part := range strings.SplitSeq(text, ",") {
		n, err := ParseNumber(strings.TrimSpace(part))
		if err != nil {
			break
		}
		numbers = append(numbers, n)
	}
	if len(numbers) != count || strings.Count(text, ",") != count-1 {
		example := map[int]string{2: "47.61,-122.33", 4: "-122.5,47.4,-122.2,47.8"}[count]
		p.wrong.add(name, "must be %s in degrees, such as %s", shape, example)
		return nil
	}
	return numbers
}

func (p *parser) box(name string) Optional[Box] {
	text := p.take(name)
	if text == "" {
		return Optional[Box]{}
	}
	n := p.numbers(name, text, 4, "west,south,east,north")
	if n == nil {
		return Optional[Box]{}
	}
	box := Box{West: n[0], South: n[1], East: n[2], North: n[3]}
	if !within(box.West, 180) || !within(box.East, 180) || !within(box.South, 90) || !within(box.North, 90) {
		p.wrong.add(name, "must have longitudes from -180 to 180 and latitudes from -90 to 90")
	}
	if box.South > box.North {
		p.wrong.add(name, "must not have its south above its north")
	}
	return Some(box)
}

func (p *parser) circle(name, radiusName string) Optional[Circle] {
	text, radiusText := p.take(name), p.take(radiusName)
	switch {
	case text == "" && radiusText == "":
		return Optional[Circle]{}
	case text == "":
		p.wrong.add(radiusName, "needs near as well")
		return Optional[Circle]{}
	case radiusText == "":
		p.wrong.add(name, "needs radius_km as well")
		return Optional[Circle]{}
	}
	radius, err := ParseNumber(radiusText)
	if err != nil || !(radius > 0 && radius <= MaxRadiusKM) {
		p.wrong.add(radiusName, "must be a number of kilometres above 0, at most %g", MaxRadiusKM)
	}
	n := p.numbers(name, text, 2, "latitude,longitude")
	if n == nil {
		return Optional[Circle]{}
	}
	if !within(n[0], 90) || !within(n[1], 180) {
		p.wrong.add(name, "must have a latitude from -90 to 90 and a longitude from -180 to 180")
	}
	return Some(Circle{Center: Coordinates{Latitude: n[0], Longitude: n[1]}, RadiusKM: radius})
}

func (p *parser) sort(near Optional[Circle]) Sort {
	text := p.take("sort")
	if text == "" {
		return DefaultSort
	}
	key, descending := strings.CutPrefix(text, "-")
	if !slices.Contains(SortKeys(), SortKey(key)) {
		p.wrong.add("sort", "must be one of %s, with or without a minus in front", strings.Join(texts(SortKeys()), ", "))
	}
	if SortKey(key) == SortDistance && p.parameters["near"] == nil {
		p.wrong.add("sort", "by distance needs near as well: the place from which to measure")
	}
	return Sort{Key: SortKey(key), Descending: descending}.from(near)
}

func (p *parser) limit() int {
	text := p.take("limit")
	if text == "" {
		return DefaultLimit
	}
	n, err := ParseWhole(text, 1, MaxLimit)
	if err != nil {
		p.wrong.add("limit", "must be a whole number from 1 to %d", MaxLimit)
	}
	return n
}
