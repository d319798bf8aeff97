package property_test

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// wantRoundTrip checks that a search's canonical text is read back as the same search.
func wantRoundTrip(t interface{ Fatalf(string, ...any) }, s property.Search) {
	text := s.String()
	back, err := parse(text)
	if err != nil {
		t.Fatalf("the canonical text %q is not read back: %v", text, err)
	}
	if !reflect.DeepEqual(back, s) || back.String() != text {
		t.Fatalf("the search\n%+v\nhas the text %q, which is read back as\n%+v\nwith the text %q", s, text, back, &back)
	}
}

func TestSearchesAreReadBackFromTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := porttest.Search().Draw(t, "search")
		if rapid.Bool().Draw(t, "next page") {
			s.After = property.Some(drawPosition(t))
		}
		wantRoundTrip(t, s)
	})
}

func drawPosition(t *rapid.T) property.SortPosition {
	position := property.SortPosition{Key: rapid.Int64().Draw(t, "key")}
	copy(position.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	return position
}

func TestEqualSearchesHaveOneText(t *testing.T) {
	for want, queries := range map[string][]string{
		"": {"", "limit=20", "sort=-created_at", "offer=sale,rent", "offer=rent,sale,rent"},
		"kind=house,room&max_price=450000": {
			"max_price=450000&kind=house,room", "kind=room,house&max_price=450000.00", "kind=room,+house,room&max_price=4.5e5",
		},
		"q=by+the+sea": {"q=by+the+sea", "q=+By++the%09SEA", "q=by,+the+(sea!)",
			"q=%22by%22+the+%22+%22+%22sea"},
		"q=house+seattle": {"q=house,+seattle", "q=House%3Bseattle", "q=%22house%22,%22seattle%22"},
		"q=%22lake+view%22+garden": {"q=lake-view+garden", "q=%E2%80%9CLake,+view%E2%80%9D+garden.",
			"q=lake/view,garden"},
		"q=geneve": {"q=Gen%C3%A8ve", "q=GENE%CC%80VE", "q=geneve"},
		"q=kings":  {"q=king%E2%80%99s", "q=kings%27", "q=KING%27S"},
		"location=hong+kong": {"location=Hong+Kong", "location=++hong+kong+", "location=hong,kong",
			"location=%22h%C3%B6ng++kong"},
		"reference=R-1,a+b":                  {"reference=a+b,R-1", "reference=R-1,+a+b,R-1", "reference=%22a+b%22,R-1"},
		"reference=%22a,b%22,c":              {"reference=c,%22a,b%22"},
		"near=1,2&radius_km=5&sort=distance": {"sort=distance&near=1.0,2&radius_km=5"},
		"currency=HKD,USD":                   {"currency=usd,hkd", "currency=USD,HKD,USD"},
		"min_bathrooms=2.5":                  {"min_bathrooms=2.50", "min_bathrooms=25e-1"},
		"bbox=-122.5,0,-122.2,47.8":          {"bbox=-122.50,-0,-122.2,47.80", "bbox=-1.225e2,+0,+-122.2,47.8"},
		"near=0,114.2&radius_km=5":           {"near=-0.0,114.20&radius_km=5.0", "radius_km=5e0&near=0,114.2"},
		"source=Mls+A":                       {"source=Mls%20A", "source=+Mls+A+"},
		"created_after=2026-11-23T08%3A00%3A00Z": {"created_after=2026-11-23T16:00:00%2B08:00",
			"created_after=2026-11-23T08:00:00.0000009Z"},
		"sort=price": {"sort=price&limit=20"},
	} {
		for _, query := range queries {
			s := search(t, query)
			if s.String() != want {
				t.Errorf("the search %q has the text %q, want %q", query, s, want)
			}
			wantRoundTrip(t, *s)
		}
	}
}

func TestDifferentSearchesHaveDifferentTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := porttest.Search().Draw(t, "a"), porttest.Search().Draw(t, "b")
		if same := reflect.DeepEqual(a, b); same != (a.String() == b.String()) {
			t.Fatalf("two searches are the same: %t; their texts are %q and %q", same, &a, &b)
		}
		if same := reflect.DeepEqual(a.Filter, b.Filter); same != (a.Filter.String() == b.Filter.String()) {
			t.Fatalf("two filters are the same: %t; their texts are %q and %q", same, &a.Filter, &b.Filter)
		}
	})
}

// badParameters are queries with their wrong parameters.
var badParameters = map[string][]string{
	"colour=red":                                {"colour"},
	"kind=house&kind=room":                      {"kind"},
	"kind=castle&offer=swap&limit=0":            {"offer", "kind", "limit"},
	"kind=":                                     {"kind"},
	"kind=house,,room":                          {"kind"},
	"kind=HOUSE":                                {"kind"},
	"currency=USDOLLAR":                         {"currency"},
	"source=" + strings.Repeat("a", 65):         {"source"},
	"source=a%00b":                              {"source"},
	"source=a&source=b":                         {"source"},
	"min_price=cheap":                           {"min_price"},
	"min_price=-1":                              {"min_price"},
	"max_price=1.005":                           {"max_price"},
	"min_price=2&max_price=1":                   {"min_price"},
	"min_bedrooms=2.5":                          {"min_bedrooms"},
	"max_bedrooms=1001":                         {"max_bedrooms"},
	"min_bathrooms=":                            {"min_bathrooms"},
	"bbox=1,2,3":                                {"bbox"},
	"bbox=1,2,3,4,5":                            {"bbox"},
	"bbox=0,10,1,5":                             {"bbox"},
	"bbox=0,0,181,5":                            {"bbox"},
	"bbox=NaN,0,1,5":                            {"bbox"},
	"near=1,2":                                  {"near"},
	"radius_km=5":                               {"radius_km"},
	"near=91,2&radius_km=5":                     {"near"},
	"near=1,2&radius_km=0":                      {"radius_km"},
	"near=1,2&radius_km=1001":                   {"radius_km"},
	"near=1,2&radius_km=NaN":                    {"radius_km"},
	"created_after=yesterday":                   {"created_after"},
	"created_after=2026-11-23":                  {"created_after"},
	"created_after=2026-11-23T8:00:00Z":         {"created_after"},
	"created_after=2026-11-23T08:00:00,5Z":      {"created_after"},
	"created_after=2026-11-23T08:00:00%2B24:00": {"created_after"},
	"updated_after=2026-11-23T08:00:00%2B00:60": {"updated_after"},
	"updated_after=2026-11-23T08:00:60Z":        {"updated_after"},
	"updated_after=2026-11-23t08:00:00z":        {"updated_after"},
	"updated_after=2026-02-30T08:00:00Z":        {"updated_after"},
	"min_price=-0":                              {"min_price"},
	"max_price=450.000":                         {"max_price"},
	"min_area_m2=1.250":                         {"min_area_m2"},
	"max_price=%2B5":                            {"max_price"},
	"max_price=0x10":                            {"max_price"},
	"min_bedrooms=%2B3":                         {"min_bedrooms"},
	"min_bedrooms=1_0":                          {"min_bedrooms"},
	"limit=%2B3":                                {"limit"},
	"limit=9223372036854775808":                 {"limit"},
	"bbox=0x1p3,0,10,5":                         {"bbox"},
	"bbox=%2B1,0,10,5":                          {"bbox"},
	"near=0x1p3,2&radius_km=5":                  {"near"},
	"near=1,2&radius_km=0x1p3":                  {"radius_km"},
	"near=1,2&radius_km=1_0":                    {"radius_km"},
	"sort=title":                                {"sort"},
	"sort=--price":                              {"sort"},
	"sort=distance":                             {"sort"},
	"sort=-distance&q=a":                        {"sort"},
	"sort=distance&near=1,2":                    {"near"},
	"sort=distance&bbox=1,2,3,4&limit=0":        {"sort", "limit"},
	"reference=":                                {"reference"},
	"reference=a,,b":                            {"reference"},
	"reference=a%0Ab":                           {"reference"},
	"reference=a,%01":                           {"reference"},
	"reference=%FF":                             {"reference"},
	"reference=%20":                             {"reference"},
	"reference=a&reference=b":                   {"reference"},
	"reference=" + strings.Repeat("x", 65):      {"reference"},
	"reference=" + manyReferences(101):          {"reference"},
	"limit=501":                                 {"limit"},
	"limit=2.5":                                 {"limit"},
	"q=%FF":                                     {"q"},
	"q=%00":                                     {"q"},
	"q=a+b+c+d+e+f+g+h+i+j+k":                   {"q"},
	"location=" + strings.Repeat("x", property.MaxText+1): {"location"},
	"cursor=&limit=3": {"cursor"},
	"updated_after=0001-01-01T00:00:00%2B05:00":              {"updated_after"},
	"updated_after=9999-12-31T23:00:00-05:00&created_after=": {"created_after", "updated_after"},
}

// manyReferences is a list of so many references.
func manyReferences(count int) string {
	list := make([]string, count)
	for i := range list {
		list[i] = "R-" + strconv.Itoa(i)
	}
	return strings.Join(list, ",")
}

func TestAHundredReferencesAreLookedUpAtOnce(t *testing.T) {
	s := search(t, "reference="+manyReferences(100)+",R-5")
	if len(s.Filter.References) != property.MaxReferences {
		t.Errorf("%d references", len(s.Filter.References))
	}
	wantRoundTrip(t, *s)
}

func TestBadParametersAreNamed(t *testing.T) {
	for query, fields := range badParameters {
		_, err := parse(query)
		var invalid *property.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("the query %q: error %v, want an InvalidError", query, err)
			continue
		}
		var named []string
		for _, f := range invalid.Fields {
			named = append(named, f.Field)
		}
		if !slices.Equal(named, fields) {
			t.Errorf("the query %q: the error names %v, want %v: %v", query, named, fields, err)
		}
	}
}

func TestACursorGoesWithItsOwnSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, other := porttest.Search().Draw(t, "search"), porttest.Search().Draw(t, "other")
		s.After = property.Some(drawPosition(t))
		cursor := cursorOf(t, s)
		same := reflect.DeepEqual(s.Filter, other.Filter) && s.Sort == other.Sort
		switch got, err := withCursor(other, cursor); {
		case same && (err != nil || got.After != s.After):
			t.Fatalf("a cursor of the same search is read as %+v (error %v)", got.After, err)
		case !same && !errors.Is(err, property.ErrInvalidCursor):
			t.Fatalf("a cursor of %q is accepted for %q: error %v", &s, &other, err)
		}
	})
}

func TestAGarbledCursorIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := porttest.Search().Draw(t, "search")
		s.After = property.Some(drawPosition(t))
		cursor := []byte(cursorOf(t, s))
		s.After = property.Optional[property.SortPosition]{}
		at := rapid.IntRange(0, len(cursor)-1).Draw(t, "at")
		if _, err := withCursor(s, string(cursor[:at])); err == nil {
			t.Fatalf("a cursor cut to %d characters is accepted", at)
		}
		cursor[at] ^= 1 << rapid.IntRange(0, 6).Draw(t, "bit")
		if _, err := withCursor(s, string(cursor)); err == nil {
			t.Fatalf("the garbled cursor %q is accepted", cursor)
		}
	})
}

func TestNextCursorIsThereExactlyOnFullPages(t *testing.T) {
	s := search(t, "sort=price&limit=1")
	if text := s.NextCursor(new(property.Page)); text != "" {
		t.Errorf("an empty page has the next cursor %q", text)
	}
	p := listing(t, 1)
	next, err := withCursor(*s, s.NextCursor(&property.Page{Properties: []property.Property{p}}))
	if err != nil || next.After.Value != s.Sort.PositionOf(&p) {
		t.Errorf("the page after a full one begins behind %+v (error %v)", next.After, err)
	}
}

// cursorOf is the cursor in a search's text.
func cursorOf(t *rapid.T, s property.Search) string {
	parameters, err := url.ParseQuery(s.String())
	if err != nil {
		t.Fatalf("the text %q is not a query: %v", &s, err)
	}
	return parameters.Get("cursor")
}

// withCursor reads the search again, with a cursor.
func withCursor(s property.Search, cursor string) (property.Search, error) {
	s.After = property.Optional[property.SortPosition]{}
	parameters, err := url.ParseQuery(s.String())
	if err != nil {
		return property.Search{}, err
	}
	parameters.Set("cursor", cursor)
	return property.ParseSearch(parameters)
}

func FuzzParseSearch(f *testing.F) {
	for _, query := range []string{
		"q=sea+loft&kind=house,room&max_price=4.5e5&sort=-price&limit=3", "bbox=178,-20,-178,-10",
		"near=47.6,-122.3&radius_km=12.5",
		"created_after=2026-11-23T16:00:00%2B08:00&currency=usd,HKD", "location=%E9%A6%99&cursor=AAAA",
		"min_bedrooms=1&max_bathrooms=2.25",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if s, err := parse(query); err == nil {
			wantRoundTrip(t, s)
		}
	})
}

func FuzzCursor(f *testing.F) {
	s := search(f, "sort=price&limit=1")
	p := listing(f, 1)
	f.Add(s.NextCursor(&property.Page{Properties: []property.Property{p}}))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		if next, err := withCursor(*s, cursor); err == nil {
			wantRoundTrip(t, next)
		}
	})
}
