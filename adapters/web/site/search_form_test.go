package site

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// parseForm reads a query and parses its search, which must be valid.
func parseForm(t *testing.T, query string) (*searchForm, *property.Search) {
	t.Helper()
	f := readForm("/", query)
	s, ok := f.search(browsePageSize)
	if !ok {
		t.Fatalf("%s: %v", query, f.Errors)
	}
	return &f, s
}

func TestFormsOfEqualMeaningHaveOneAddress(t *testing.T) {
	want, _ := parseForm(t, "kind=house,room&max_price=450000&q=lake")
	for _, query := range []string{
		"q=lake&max_price=450000&kind=house&kind=room",
		"q=+lake+&location=&min_price=&max_price=450k&kind=house&kind=&kind=room&sort=",
		"q=lake&max_price=%24450%2C000&kind=house%2Croom&utm_source=letter&fbclid=1&limit=9&fields=title",
		"q=lake&max_price=450000.00&kind=house,room",
		"q=lake&max_price=%E2%82%AC+450+000&kind=house,room",
		"q=lake&max_price=0.45m&kind=house,room",
		"q=lake&max_price=450%E2%80%AF000&kind=house,room",
		"q=lake&max_price=4.5e5&kind=house,room",
		"q=lake&max_price=450%C2%A0000&kind=house,room&%zz=1",
	} {
		if f, _ := parseForm(t, query); f.key() != want.key() || f.Start() != want.Start() {
			t.Errorf("%s: got %s, want %s", query, f.key(), want.key())
		}
	}
}

// The fields of a form, those of a search and a bulk edit read numbers alike.
func TestNumbersAreTypedInOneWayEverywhere(t *testing.T) {
	for _, c := range porttest.WrittenNumbers() {
		edited := &editForm{}
		d := edited.read(url.Values{"price": {c.Text}, "area_m2": {c.Text}})
		searched := readForm("/", url.Values{"min_price": {c.Text}, "max_area_m2": {c.Text}}.Encode())
		s, ok := searched.search(browsePageSize)
		edit, wrongPrice := (&bulkForm{Action: "price", Value: c.Text}).edit()
		_, wrongPercent := (&bulkForm{Action: "percent", Value: c.Text}).edit()
		if c.Typed == "" {
			for place, wrong := range map[string]string{
				"the price": edited.Wrong["price"], "the area": edited.Wrong["area_m2"], "a new price": wrongPrice,
				"a percentage": wrongPercent, "a lowest price": searched.Errors["min_price"],
				"a largest area": searched.Errors["max_area_m2"],
			} {
				if wrong == "" {
					t.Errorf("%q is read as %s", c.Text, place)
				}
				for _, reading := range c.Readings {
					if !strings.Contains(wrong, reading) {
						t.Errorf("%q as %s: %q does not name %s", c.Text, place, wrong, reading)
					}
				}
			}
			continue
		}
		if len(edited.Wrong) > 0 || !ok || wrongPrice != "" {
			t.Errorf("%q: %v, %v, %s", c.Text, edited.Wrong, searched.Errors, wrongPrice)
			continue
		}
		changed, err := edit(property.Details{})
		got := []string{
			d.Price.Short(), d.AreaM2.Value.Short(), s.Filter.Price.Min.Value.Short(), s.Filter.AreaM2.Max.Value.Short(),
			changed.Price.Short(),
		}
		if want := slices.Repeat([]string{c.Typed}, len(got)); !slices.Equal(got, want) || err != nil {
			t.Errorf("%q is read as %v, %v; want %s", c.Text, got, err, c.Typed)
		}
	}
}

// The short forms of money mean metres, or nothing, in other fields.
func TestOnlyMoneyIsTypedShort(t *testing.T) {
	for _, name := range []string{
		"area_m2", "lot_m2", "bedrooms", "bathrooms", "year_built",
	} {
		for _, typed := range []string{"120m", "2k", "85 m", "$2", "1.2M"} {
			for _, bound := range []string{"min_" + name, "max_" + name} {
				f := readForm("/", url.Values{bound: {typed}}.Encode())
				if _, ok := f.search(browsePageSize); ok || f.Errors[bound] == "" || f.Value(bound) != typed {
					t.Errorf("%s=%s is a search for %v, %v", bound, typed, f.values, f.Errors)
				}
			}
			f := &editForm{}
			if f.read(url.Values{name: {typed}}); f.Wrong[name] == "" {
				t.Errorf("the field %s accepts %s", name, typed)
			}
		}
	}
}

func TestAreasAreTypedWithTheirUnits(t *testing.T) {
	for typed, want := range map[string]string{
		"85 m²": "85", "85 m2": "85", "85 sqm": "85", "1200 sq ft": "111.48", "1,200 sqft": "111.48", "0.25 ac": "1011.71",
		"2 ha": "20000",
	} {
		f, s := parseForm(t, url.Values{"min_area_m2": {typed}, "max_lot_m2": {typed}}.Encode())
		if f.Value("min_area_m2") != want || s.Filter.LotM2.Max.Value.Short() != want {
			t.Errorf("%s is the search %s", typed, f.Query())
		}
		edited := &editForm{}
		d := edited.read(url.Values{"area_m2": {typed}, "lot_m2": {typed}, "price": {"1"}})
		if d.AreaM2.Value.Short() != want || d.LotM2.Value.Short() != want || len(edited.Wrong) > 0 {
			t.Errorf("%s is %s m² and %s m², %v", typed, d.AreaM2.Value, d.LotM2.Value, edited.Wrong)
		}
	}
	f := readForm("/", "max_area_m2=120m")
	if _, ok := f.search(browsePageSize); ok || !strings.Contains(f.Errors["max_area_m2"], "m², sq ft, sq yd, ac, ha") {
		t.Errorf("120m: %v", f.Errors)
	}
}

// Two texts under one name do not make a number with a comma.
func TestABoundIsOneNumber(t *testing.T) {
	f := readForm("/", "min_price=1&min_price=500")
	if _, ok := f.search(browsePageSize); ok || f.Errors["min_price"] == "" {
		t.Errorf("1 and 500 are a search for %v", f.values)
	}
}

// The amount of a price means nothing in another currency.
func TestASignOfAnotherCurrencyIsNotDropped(t *testing.T) {
	for _, c := range []struct {
		currency, typed string
		fallback        property.Currency
		ok              bool
	}{
		{"EUR", "€450,000", "", true}, {"EUR", "$450,000", "", false}, {"usd", "$450,000", "", true},
		{"HKD", "$450,000", "", true}, {"", "$450,000", "", true}, {"", "€450,000", "", false},
		{"", "€450,000", "EUR", true}, {"", "$450,000", "EUR", false}, {"JPY", "¥450,000", "", true},
		{"EUR", "450,000", "", true},
	} {
		f := &editForm{Default: c.fallback}
		f.read(url.Values{"price": {c.typed}, "currency": {c.currency}})
		if ok := f.Wrong["price"] == ""; ok != c.ok {
			t.Errorf("%s in %q (%s): %v", c.typed, c.currency, c.fallback, f.Wrong)
		}
	}
	for _, action := range []string{"price", "amount"} {
		edit, wrong := (&bulkForm{Action: action, Value: "€1,000"}).edit()
		if wrong != "" {
			t.Fatal(wrong)
		}
		if d, err := edit(property.Details{Currency: "EUR"}); err != nil || d.Price != 1000_00 {
			t.Errorf("%s of a listing in euros: %s, %v", action, d.Price, err)
		}
		if d, err := edit(property.Details{Currency: "USD", Price: 7}); err == nil || d.Price != 7 ||
			!strings.Contains(err.Error(), "€") {
			t.Errorf("%s of a listing in dollars: %s, %v", action, d.Price, err)
		}
	}
}

func TestAnAmbiguousNumberIsExplainedBesideItsField(t *testing.T) {
	for _, name := range []string{"min_price", "max_price", "min_area_m2", "max_bathrooms"} {
		for typed, reading := range map[string]string{"450.000": "450000", "1.250": "1.25"} {
			f := readForm("/", name+"="+typed)
			if _, ok := f.search(browsePageSize); ok || !strings.Contains(f.Errors[name], reading) || f.Value(name) != typed {
				t.Errorf("%s=%s: %v, shown as %q", name, typed, f.Errors, f.Value(name))
			}
		}
	}
	for name, typed := range map[string]string{"price": "450.000", "area_m2": "1.250", "bathrooms": "2.250"} {
		f := editForm{}
		f.read(url.Values{name: {typed}})
		if !strings.Contains(f.Wrong[name], "which could be either") {
			t.Errorf("the field %s accepts %s: %v", name, typed, f.Wrong)
		}
	}
	for _, action := range []string{"price", "amount", "percent"} {
		if _, wrong := (&bulkForm{Action: action, Value: "1.250"}).edit(); !strings.Contains(wrong, "1250 or as 1.25") {
			t.Errorf("a change of many by %s: %q", action, wrong)
		}
	}
	if edit, wrong := (&bulkForm{Action: "percent", Value: "2k"}).edit(); edit != nil || wrong == "" {
		t.Error("2k percent are accepted")
	}
}

func TestAFormShowsNumbersAsTheyWereUnderstood(t *testing.T) {
	f, s := parseForm(t, "min_price=450k&max_price=1.2m&min_bedrooms=03&min_area_m2=50.50&min_bathrooms=1.50")
	for name, want := range map[string]string{
		"min_price": "450000", "max_price": "1200000", "min_bedrooms": "3", "min_area_m2": "50.5", "min_bathrooms": "1.5",
	} {
		if got := f.Value(name); got != want {
			t.Errorf("%s shows %q, want %q", name, got, want)
		}
	}
	if s.Filter.Price.Min.Value != 450_000_00 || s.Limit != browsePageSize {
		t.Errorf("the search is %+v", s)
	}
}

// A year has no comma between its thousands, and invalid text stays as it was typed.
func TestTheFormHasTwoFieldsForEachNumber(t *testing.T) {
	f, _ := parseForm(t, "min_price=450k&max_area_m2=1500&min_year_built=1990")
	f.values.Set("max_year_built", "new")
	f.Errors["max_year_built"] = "must be a whole number"
	shown := map[string]bound{}
	for _, b := range f.Bounds() {
		shown[b.Legend+" from"], shown[b.Legend+" up to"] = b.Min, b.Max
	}
	for label, want := range map[string]bound{
		"Price from": {"min_price", "450,000", ""}, "Price up to": {"max_price", "", ""},
		"Area, m² up to": {"max_area_m2", "1,500", ""}, "Lot, m² from": {"min_lot_m2", "", ""},
		"Year built from":  {"min_year_built", "1990", ""},
		"Year built up to": {"max_year_built", "new", "must be a whole number"},
	} {
		if shown[label] != want {
			t.Errorf("the field %s is %+v, want %+v", label, shown[label], want)
		}
	}
	if notes := f.Notes(); !strings.Contains(notes+",", "#max_year_built-wrong,") {
		t.Errorf("the notes to swap are %s", notes)
	}
}

func TestAnInvalidSearchHasNotesBesideItsFields(t *testing.T) {
	f := readForm("/",
		"min_price=cheap&max_price=1,5&kind=castle&min_bedrooms=2.5&sort=colour&near=here&q=fine&min_area_m2=1&min_area_m2=2")
	if _, ok := f.search(browsePageSize); ok {
		t.Fatal("the search is accepted")
	}
	for _, name := range []string{"min_price", "max_price", "kind", "min_bedrooms", "sort", "near", "min_area_m2"} {
		if f.Errors[name] == "" {
			t.Errorf("%s has no note: %v", name, f.Errors)
		}
	}
	if f.Errors["q"] != "" || f.Value("min_price") != "cheap" || f.Value("max_price") != "1,5" {
		t.Errorf("the typed text is lost: %v, %v", f.values, f.Errors)
	}
	for _, c := range f.Chips() {
		if c.Label != "“fine”" {
			t.Errorf("%q is shown as a condition", c.Label)
		}
	}
}

func TestACursorOfAnotherSearchBeginsThisOne(t *testing.T) {
	_, s := parseForm(t, "sort=price")
	page := &property.Page{Properties: make([]property.Property, browsePageSize)}
	cursor := s.NextCursor(page)
	if cursor == "" {
		t.Fatal("no cursor")
	}
	if f, s := parseForm(t, "sort=price&cursor="+cursor); !f.Further() || !s.After.Valid {
		t.Error("its own cursor is ignored")
	}
	for _, query := range []string{"sort=-price&cursor=" + cursor, "sort=price&q=x&cursor=" + cursor, "cursor=nonsense",
		"cursor=%00"} {
		if f, s := parseForm(t, query); f.Further() || s.After.Valid {
			t.Errorf("%s does not begin at the first page", query)
		}
	}
}

func TestEachConditionIsAChipThatTakesItAway(t *testing.T) {
	f, _ := parseForm(t,
		"q=lake&location=Kent&offer=rent&kind=house,room&status=active&currency=HKD&min_price=450k&max_bedrooms=3"+
			"&min_area_m2=1500&max_lot_m2=2000&min_year_built=1990&max_year_built=2010&near=47.5,-122.2&radius_km=3&sort=price")
	var labels []string
	for _, c := range f.Chips() {
		labels = append(labels, c.Label)
		g, _ := parseForm(t, strings.TrimPrefix(c.Without, "/?"))
		left := len(g.Chips())
		if left != len(f.Chips())-1 || slices.ContainsFunc(g.Chips(),
			func(other chip) bool { return other.Label == c.Label }) {
			t.Errorf("without %q there are %d others: %s", c.Label, left, c.Without)
		}
		if g.Sort() != "price" {
			t.Errorf("without %q the order is another", c.Label)
		}
	}
	want := "“lake” · in Kent · To rent · House · Room · Active · priced in HKD · from 450,000 · " +
		"up to 3 bedrooms · from 1,500 m² · up to 2,000 m² lot · built from 1990 · built up to 2010 · within 3 km"
	if got := strings.Join(labels, " · "); got != want {
		t.Errorf("got the chips %s", got)
	}
}

func TestNearestFirstIsOfferedAroundAPlace(t *testing.T) {
	offers := func(query string) bool {
		f := readForm("/", query)
		return slices.Contains(f.Sorts(), nearestFirst)
	}
	if offers("q=lake&sort=price") || !offers("near=47.5,-122.2&radius_km=3") || !offers("sort=distance") {
		t.Error("nearest first is offered without a place, or not offered with one")
	}
	f, s := parseForm(t, "near=47.5,-122.2&radius_km=3&sort=distance&q=lake")
	if s.Sort.Key != property.SortDistance || s.Sort.From.Latitude != 47.5 || f.Sort() != "distance" {
		t.Errorf("the order is %v", s.Sort)
	}
	for _, c := range f.Chips() {
		_, without := parseForm(t, strings.TrimPrefix(c.Without, "/?"))
		if near := without.Filter.Near.Valid; near != (without.Sort.Key == property.SortDistance) {
			t.Errorf("without %q: %s", c.Label, c.Without)
		}
	}
	alone := readForm("/", "sort=distance")
	if _, ok := alone.search(5); ok || !strings.Contains(alone.Errors["sort"], "needs near") {
		t.Errorf("by distance from nowhere: %v", alone.Errors)
	}
}

func TestReferencesAreFoundOnThePages(t *testing.T) {
	f, s := parseForm(t, "reference=KC-2,KC-1&q=KC-3")
	if !slices.Equal(s.Filter.References, []string{"KC-1", "KC-2"}) || s.Filter.Whole() != "kc 3" {
		t.Errorf("the search is %v", s)
	}
	if chips := f.Chips(); len(chips) != 2 || chips[1].Label != "reference KC-2, KC-1" || chips[1].Without != "/?q=KC-3" {
		t.Errorf("the chips are %v", chips)
	}
	if !slices.Contains(f.Hidden(), "reference") {
		t.Error("the form loses the references")
	}
}

func TestAnAddressWithOneFieldChangedBeginsAnew(t *testing.T) {
	f := readForm("/", "q=lake&cursor=abc")
	for _, c := range []struct{ name, value, want string }{
		{"sort", "price", "/?q=lake&sort=price"}, {"q", "", "/"}, {"cursor", "next", "/?cursor=next&q=lake"}, {"cursor", "",
			"/?q=lake"},
	} {
		if got := f.with(c.name, c.value); got != c.want {
			t.Errorf("with %s=%s: %s, want %s", c.name, c.value, got, c.want)
		}
	}
	if f.Value("cursor") != "abc" || f.Query() != "q=lake" {
		t.Errorf("the form itself has changed: %v", f.values)
	}
}

// Any query is a valid search or has errors, and the address that the page makes of it means the same.
func FuzzReadForm(f *testing.F) {
	for _, seed := range []string{
		"", "q=lake&kind=house&kind=room", "min_price=450k&max_price=$1.2m", "cursor=abc&sort=-price",
		"near=1,2&radius_km=3", "%zz&a;b", "bbox=1,2,3,4", "min_price=1,5", "min_bedrooms=99999999999999999999",
		"q=%00%ff", "max_area_m2=nan", "min_price=0x1p-2", "kind=,,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		form := readForm("/", query)
		s, ok := form.search(browsePageSize)
		if !ok {
			if len(form.Errors) == 0 {
				t.Fatal("refused without a reason")
			}
			return
		}
		again := readForm("/", form.Query())
		s2, ok := again.search(browsePageSize)
		s.After = property.Optional[property.SortPosition]{}
		if !ok || s2.String() != s.String() || again.Start() != form.Start() {
			t.Fatalf("%q is %s, and that is %s (%v)", query, form.Start(), again.Start(), again.Errors)
		}
		for _, c := range form.Chips() {
			if u, err := url.Parse(c.Without); err != nil || u.Path != "/" || u.Host != "" || c.Label == "" {
				t.Fatalf("the chip %+v", c)
			}
		}
	})
}
