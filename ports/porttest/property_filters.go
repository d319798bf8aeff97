package porttest

import (
	"net/url"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// shelve stores four listings that differ in everything that a filter tests; c lacks every optional value.
func (s shelf) shelve() {
	s.t.Helper()
	rows := []struct {
		offer               property.Offer
		kind                property.Kind
		status              property.Status
		currency            property.Currency
		price               property.Decimal
		bedrooms            int
		bathrooms, area     property.Decimal
		latitude, longitude float64
		age                 time.Duration
	}{
		{property.OfferSale, property.KindHouse, property.StatusActive, "USD", 100_00, 0, 0, 50_00, 10, 20, 0},
		{property.OfferRent, property.KindRoom, property.StatusSold, "HKD", 100_01, 1, 1_25, 50_01, 11, 21, time.Microsecond},
		{property.OfferSale, property.KindLand, property.StatusPending, "EUR", 99_99, -1, -1, -1, 0, 0, 2 * time.Microsecond},
		{property.OfferRent, property.KindHouse, property.StatusWithdrawn, "USD", 5_000_000_000_00, 10, 10_50, 1_000_00,
			-10, -20, time.Hour},
	}
	for i, row := range rows {
		p := s.draft(i, price(row.price), func(d *property.Details) {
			d.Offer, d.Kind, d.Status, d.Currency = row.offer, row.kind, row.status, row.currency
			if row.bedrooms >= 0 {
				d.Bedrooms, d.Bathrooms = property.Some(row.bedrooms), property.Some(row.bathrooms)
				d.AreaM2 = property.Some(row.area)
				d.Coordinates = property.Some(property.Coordinates{Latitude: row.latitude, Longitude: row.longitude})
			}
		})
		p.CreatedAt = birth.Add(row.age)
		p.UpdatedAt = birth.Add(24*time.Hour + row.age)
		s.create(p)
	}
}

// finds is a query and the titles of its matches.
type finds struct {
	query  string
	titles []string
}

func filterCase(name, rule string, table []finds) suiteCase[shelf] {
	return suiteCase[shelf]{name, rule, func(s shelf) {
		s.shelve()
		for _, row := range table {
			s.wantFound(row.query, row.titles...)
		}
	}}
}

var filterCases = []suiteCase[shelf]{
	{"nothing_found_is_an_empty_page", "Nothing found is an empty page and a count of 0, not an error.", func(s shelf) {
		s.wantFound("limit=10")
		s.add(1)
		s.wantFound("min_price=1000")
	}},
	filterCase("no_filter_lets_all_through", "The empty filter matches every listing.", []finds{
		{"", []string{"a", "b", "c", "d"}},
	}),
	filterCase("offers_are_filtered", "offer matches any of its choices.", []finds{
		{"offer=sale", []string{"a", "c"}}, {"offer=rent", []string{"b", "d"}}, {"offer=rent,sale",
			[]string{"a", "b", "c", "d"}},
	}),
	filterCase("kinds_are_filtered", "kind matches any of its choices.", []finds{
		{"kind=house", []string{"a", "d"}}, {"kind=house,land", []string{"a", "c", "d"}}, {"kind=apartment", nil},
	}),
	filterCase("statuses_are_filtered", "status matches any of its choices.", []finds{
		{"status=sold", []string{"b"}}, {"status=active,pending,withdrawn", []string{"a", "c", "d"}},
	}),
	filterCase("currencies_are_filtered", "currency matches any of its codes.", []finds{
		{"currency=USD", []string{"a", "d"}}, {"currency=HKD,EUR", []string{"b", "c"}}, {"currency=CHF", nil},
	}),
	{"sources_are_filtered", "source matches the whole text exactly, capitals included.", func(s shelf) {
		for i, text := range []string{"", "mls-a", "MLS-A", "mls-a2", `m%_\'"`} {
			s.add(i, source(text))
		}
		for query, titles := range map[string][]string{
			"source=mls-a": {"b"}, "source=MLS-A": {"c"}, "source=mls": nil, "source=m%25_%5C%27%22": {"e"},
		} {
			s.wantFound(query, titles...)
		}
	}},
	filterCase("prices_are_bounded", "Price bounds are inclusive and exact, whatever the currency.", []finds{
		{"min_price=100", []string{"a", "b", "d"}}, {"max_price=100",
			[]string{"a", "c"}}, {"min_price=100.01&max_price=100.01", []string{"b"}},
		{"min_price=4999999999.99", []string{"d"}}, {"min_price=5000000000.01", nil}, {"max_price=0", nil},
	}),
	filterCase("bedrooms_are_bounded",
		"Bounds of bedrooms are inclusive, compare as numbers; an absent value never matches.", []finds{
			{"min_bedrooms=0", []string{"a", "b", "d"}}, {"max_bedrooms=0", []string{"a"}}, {"min_bedrooms=2", []string{"d"}},
			{"max_bedrooms=1000", []string{"a", "b", "d"}}, {"min_bedrooms=1&max_bedrooms=10", []string{"b", "d"}},
		}),
	filterCase("bathrooms_are_bounded",
		"Bounds of bathrooms are inclusive, compare as numbers; an absent value never matches.", []finds{
			{"min_bathrooms=0", []string{"a", "b", "d"}}, {"min_bathrooms=1.25", []string{"b", "d"}}, {"max_bathrooms=1.24",
				[]string{"a"}},
			{"min_bathrooms=1.26&max_bathrooms=10.5", []string{"d"}},
		}),
	filterCase("areas_are_bounded",
		"Bounds of the area are inclusive, compare as numbers; an absent value never matches.", []finds{
			{"min_area_m2=0", []string{"a", "b", "d"}}, {"min_area_m2=50.01", []string{"b", "d"}}, {"max_area_m2=50",
				[]string{"a"}},
			{"max_area_m2=9999999999.99", []string{"a", "b", "d"}}, {"min_area_m2=999.99&max_area_m2=1000", []string{"d"}},
		}),
	{"references_are_filtered", "reference matches any of its references, each as it is.", func(s shelf) {
		for i, text := range []string{"R-1", "r-1", "a,b", `5"`, "Ré 1", ""} {
			s.add(i, reference(text))
		}
		s.wantFound("reference=R-1", "a")
		s.wantFound("reference=r-1,+R-1,x", "a", "b")
		s.wantFound("reference="+url.QueryEscape(`"a,b",5"`), "c", "d")
		s.wantFound("reference="+url.QueryEscape("Ré 1"), "e")
		s.wantFound("reference=R-1&max_price=0")
		s.wantFound("reference=R")
		s.wantFound("reference=R-1&q=b")
	}},
	{"every_number_is_bounded", "Bounds of every number are inclusive; an absent value never matches.",
		shelf.boundEveryNumber},
	filterCase("created_after_excludes_its_bound", "created_after is exclusive, to the microsecond.", []finds{
		{"created_after=2024-02-29T23:59:59.123455Z", []string{"a", "b", "c",
			"d"}}, {"created_after=2024-02-29T23:59:59.123456Z", []string{"b", "c", "d"}},
		{"created_after=2024-02-29T23:59:59.123457Z", []string{"c", "d"}}, {"created_after=2024-03-01T00:59:59.123456Z", nil},
	}),
	filterCase("updated_after_excludes_its_bound", "updated_after is exclusive, to the microsecond.", []finds{
		{"updated_after=2024-03-01T23:59:59.123455Z", []string{"a", "b", "c",
			"d"}}, {"updated_after=2024-03-01T23:59:59.123456Z", []string{"b", "c", "d"}},
		{"updated_after=2024-03-01T23:59:59.123457Z", []string{"c", "d"}}, {"updated_after=2024-03-02T00:59:59.123456Z", nil},
	}),
	filterCase("filters_combine", "Filters combine: a listing must pass all of them.", []finds{
		{"offer=rent&kind=house", []string{"d"}}, {"currency=USD&max_price=100&min_bedrooms=0", []string{"a"}},
		{"offer=sale&kind=house,land&status=pending,active&currency=EUR&max_price=99.99&q=c&location=seattle", []string{"c"}},
		{"bbox=19,9,22,12&min_bathrooms=1&created_after=2024-02-29T23:59:59.123456Z", []string{"b"}},
		{"offer=sale&status=sold", nil},
	}),
	{"a_search_sees_the_newest_state",
		"When a write has returned, every later read sees it: a listing enters, changes in and leaves searches.",
		func(s shelf) {
			s.wantFound("max_price=50")
			p := s.add(1, price(10_00))
			s.wantFound("max_price=50", "b")
			p = *s.after(s.update(p, price(60_00)))
			s.wantFound("max_price=50")
			s.wantFound("min_price=60", "b")
			s.delete(p.ID, p.Version)
			s.wantFound("min_price=60")
			s.upsert(s.draft(2, reference("R"), price(60_00)))
			s.wantFound("min_price=60", "c")
		}},
}

// boundEveryNumber stores two listings for every range: a has the lowest value, and b the next whole one.
func (s shelf) boundEveryNumber() {
	low, high := s.draft(0), s.draft(1)
	ranges := new(property.Filter).Ranges()
	for _, r := range ranges {
		f := r.Field()
		f.SetNumber(&low.Details, property.Some(f.Min))
		f.SetNumber(&high.Details, property.Some(f.Min+100))
	}
	s.create(low)
	s.create(high)
	s.add(2, price(property.MaxPrice))
	for _, r := range ranges {
		lowest, next := r.Field().Min, r.Field().Min+100
		s.wantFound("max_"+r.Name+"="+lowest.Short(), "a")
		s.wantFound("max_"+r.Name+"="+next.Short(), "a", "b")
		s.wantFound("min_"+r.Name+"="+next.Short()+"&max_"+r.Name+"="+next.Short(), "b")
	}
}
