package porttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

// The pools are small, so that random listings share values, ties are common and random searches match something.
var (
	wordPool = []string{
		"Sunny", "LOFT", "house", "farmhouse", "seaside", "100%", "a_b", `back\slash`, "O'Brien", `"Manor"`, "<br", "/>",
		"&amp;",
		"École", "ÉCOLE", "Großzügig", "straße", "Уютная", "ΣΊΣΥΦΟΣ", "İstanbul", "ſtreet", "\u212Aelvin",
		"VILA ALFÍ", "I\u0303", "\uA7CBɤ", "旺角", "西營盤三房", "🏡", "شقة",
	}
	partPool = []string{
		"sun", "loft", "HOUSE", "se", "o", "k", "s", "i", "%", "_", `\`, "0%", "'", `"`, "<br", "amp;", "école", "ÉCOLE",
		"É", "ß", "SS",
		"Σ", "σ", "уют", "角", "三房", "🏡", "شق", "castle", "İ", "ı", "ALFI", "í", "\u0301", "\u0307", "ɤ",
		"geneve", "lodz", "kings", `"lake view"`, "lake/view", "“view lake”", "R-1", "r 2", "ⱡ",
	}
	referencePool = []string{"R-1", "R-2", "R-3", "R-4", "R-5", "R-6", "R-7", "R-8", `"R-1,2"`, "r-1"}
	numberPools   = map[string][]property.Decimal{
		"price":     {0, 1, 99, 100_00, 100_01, 250_000_00, 250_000_50, property.MaxPrice - 1, property.MaxPrice},
		"area_m2":   {0, 1, 50_00, 50_01, 70_10, 1_000_00, property.MaxAreaM2},
		"bathrooms": {0, 25, 1_00, 2_25, 10_50, property.MaxBathrooms},
		"bedrooms":  {0, 1_00, 2_00, 3_00, 10_00, property.MaxBedrooms * 100},
	}
	latPool    = []float64{-90, -17, 0, 22.28, 22.3, 47.5, 47.6062, 89.95, 90}
	lonPool    = []float64{-180, -179.95, -122.4, -122.3321, 0, 114.14, 114.2, 179.95, 180}
	moneyPool  = []property.Currency{"USD", "HKD", "EUR"}
	sourcePool = []string{"", "mls-a", "MLS-A", "mls-b", `a%_\'"`, "香港, 1"}
	radiusPool = []string{"0.5", "5", "12.5", "111.2", "1000"}
	agePool    = []time.Duration{0, time.Microsecond, 2 * time.Microsecond, time.Second, 30 * 24 * time.Hour,
		-50 * 365 * 24 * time.Hour}
)

// Details draws valid details: realistic text in several scripts, values that are often equal and often absent,
// clustered coordinates, and the extremes.
func Details() *rapid.Generator[property.Details] {
	return rapid.Custom(func(t *rapid.T) property.Details {
		d := property.Details{
			Source:      rapid.SampledFrom(sourcePool).Draw(t, "source"),
			Title:       words(t, "title", 1, 3),
			Description: words(t, "description", 0, 6),
			Location:    words(t, "location", 1, 2),
			Currency:    rapid.SampledFrom(moneyPool).Draw(t, "currency"),
			Offer:       rapid.SampledFrom(property.Offers()).Draw(t, "offer"),
			Kind:        rapid.SampledFrom(property.Kinds()).Draw(t, "kind"),
			Status:      rapid.SampledFrom(property.Statuses()).Draw(t, "status"),
		}
		for _, f := range property.FieldTable() {
			if f.Numeric() && f.Type != property.DegreesField {
				f.SetNumber(&d, number(t, &f))
			}
		}
		if rapid.Bool().Draw(t, "located") {
			d.Coordinates = property.Some(property.Coordinates{Latitude: degree(t, latPool, 90),
				Longitude: degree(t, lonPool, 180)})
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "photos") {
			d.Photos = append(d.Photos, fmt.Sprintf("https://example.com/%d.jpg", i))
		}
		return d
	})
}

func words(t *rapid.T, label string, fewest, most int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(wordPool), fewest, most).Draw(t, label), " ")
}

// pool returns a few values of a number, including its extremes.
func pool(f *property.Field) []property.Decimal {
	if values, ok := numberPools[f.Name]; ok {
		return values
	}
	return []property.Decimal{f.Min, f.Min + 100, f.Max - 100, f.Max}
}

// number draws the value of a field. An optional field is sometimes absent.
func number(t *rapid.T, f *property.Field) property.Optional[property.Decimal] {
	if f.Type != property.MoneyField && rapid.IntRange(0, 3).Draw(t, f.Name+" present") == 0 {
		return property.Optional[property.Decimal]{}
	}
	return property.Some(rapid.SampledFrom(pool(f)).Draw(t, f.Name))
}

// degree returns a value of the pool or one near it, within the limit.
func degree(t *rapid.T, pool []float64, limit float64) float64 {
	offset := float64(rapid.IntRange(-3, 3).Draw(t, "offset")) / 128
	return min(limit, max(-limit, rapid.SampledFrom(pool).Draw(t, "degree")+offset))
}

// Listings draws a table of count listings with different ids, in no order. Some of them have a reference, and many
// are created at the same moment.
func Listings(count int) *rapid.Generator[[]property.Property] {
	return rapid.Custom(func(t *rapid.T) []property.Property {
		table := make([]property.Property, count)
		for i := range table {
			table[i] = listing(t, i)
		}
		return rapid.Permutation(table).Draw(t, "order")
	})
}

func listing(t *rapid.T, n int) property.Property {
	details := Details().Draw(t, "details")
	if rapid.Bool().Draw(t, "referenced") {
		details.Reference = "R-" + strconv.Itoa(n)
	}
	p, err := property.New(numbered(n), details, birth.Add(rapid.SampledFrom(agePool).Draw(t, "age")))
	if err != nil {
		t.Fatalf("the generator makes an invalid listing: %v", err)
	}
	p.UpdatedAt = p.CreatedAt.Add(rapid.SampledFrom(agePool[:4]).Draw(t, "updated"))
	return p
}

// Search draws the first page of a search for values that Details draws too.
func Search() *rapid.Generator[property.Search] {
	return rapid.Custom(func(t *rapid.T) property.Search {
		search, err := property.ParseSearch(Parameters().Draw(t, "parameters"))
		if err != nil {
			t.Fatalf("the generator makes an invalid search: %v", err)
		}
		return search
	})
}

// Parameters draws the URL parameters of a valid search, without a cursor.
func Parameters() *rapid.Generator[map[string][]string] {
	return rapid.Custom(func(t *rapid.T) map[string][]string {
		q := drawnQuery{t, map[string][]string{}}
		q.put("q", 2, func() string { return strings.Join(q.some("words", partPool, 2), " ") })
		q.put("reference", 12, func() string { return strings.Join(q.some("references", referencePool, 6), ",") })
		q.put("location", 4, func() string { return q.one("location", partPool) })
		choose(q, "offer", property.Offers())
		choose(q, "kind", property.Kinds())
		choose(q, "status", property.Statuses())
		choose(q, "currency", moneyPool)
		q.put("source", 6, func() string { return q.one("source", sourcePool[1:]) })
		for _, r := range new(property.Filter).Ranges() {
			bound(q, r.Field())
		}
		q.put("bbox", 5, q.box)
		q.put("near", 5, func() string { return q.degree(latPool, 90) + "," + q.degree(lonPool, 180) })
		if q.parameters["near"] != nil {
			q.put("radius_km", 1, func() string { return q.one("radius", radiusPool) })
		}
		q.put("created_after", 6, q.moment)
		q.put("updated_after", 6, q.moment)
		q.put("sort", 1, func() string { return q.one("direction", []string{"", "-"}) + string(q.sortKey()) })
		if q.parameters["near"] == nil && strings.HasSuffix(q.parameters["sort"][0], string(property.SortDistance)) {
			delete(q.parameters, "sort")
		}
		q.put("limit", 1, func() string { return q.one("limit", []string{"1", "3", "7", "20", "500"}) })
		return q.parameters
	})
}

// drawnQuery is a set of parameters while it is drawn.
type drawnQuery struct {
	t          *rapid.T
	parameters map[string][]string
}

// put adds a parameter in one of so many draws.
func (q drawnQuery) put(name string, times int, value func() string) {
	if rapid.IntRange(1, times).Draw(q.t, name+" present") == times {
		q.parameters[name] = []string{value()}
	}
}

func (q drawnQuery) one(label string, pool []string) string {
	return rapid.SampledFrom(pool).Draw(q.t, label)
}

func (q drawnQuery) some(label string, pool []string, most int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(pool), 1, most).Draw(q.t, label)
}

func (q drawnQuery) sortKey() property.SortKey {
	return rapid.SampledFrom(property.SortKeys()).Draw(q.t, "sort key")
}

func (q drawnQuery) degree(pool []float64, limit float64) string {
	return strconv.FormatFloat(degree(q.t, pool, limit), 'f', -1, 64)
}

// box draws a box that may cross the antimeridian; its south is never above its north.
func (q drawnQuery) box() string {
	south, north := degree(q.t, latPool, 90), degree(q.t, latPool, 90)
	return fmt.Sprintf("%s,%g,%s,%g", q.degree(lonPool, 180), min(south, north), q.degree(lonPool, 180), max(south, north))
}

func (q drawnQuery) moment() string {
	return birth.Add(rapid.SampledFrom(agePool).Draw(q.t, "age")).Format(time.RFC3339Nano)
}

func choose[T ~string](q drawnQuery, name string, pool []T) {
	q.put(name, 4, func() string {
		var chosen []string
		for _, c := range rapid.SliceOfN(rapid.SampledFrom(pool), 1, 3).Draw(q.t, name) {
			chosen = append(chosen, string(c))
		}
		return strings.Join(chosen, ",")
	})
}

func bound(q drawnQuery, f *property.Field) {
	ends := rapid.SliceOfN(rapid.SampledFrom(pool(f)), 2, 2).Draw(q.t, f.Name)
	slices.Sort(ends)
	text := property.Decimal.Short
	if f.Type == property.DecimalField {
		text = property.Decimal.String
	}
	q.put("min_"+f.Name, 5, func() string { return text(ends[0]) })
	q.put("max_"+f.Name, 5, func() string { return text(ends[1]) })
}
