package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

var orderCases = []suiteCase[shelf]{
	{"the_default_order_is_newest_first", "Without a sort the newest listings come first.", func(s shelf) {
		s.shelveTimes()
		s.wantOrder("", "d", "c", "b", "a")
	}},
	{"created_at_orders_both_ways",
		"sort=created_at orders by creation time, ties by id in the same direction.", func(s shelf) {
			s.shelveTimes()
			s.wantOrder("sort=created_at", "a", "b", "c", "d")
			s.wantOrder("sort=-created_at", "d", "c", "b", "a")
		}},
	{"updated_at_orders_both_ways", "sort=updated_at orders by the last update, ties by id in the same direction.",
		func(s shelf) {
			s.shelveTimes()
			s.wantOrder("sort=updated_at", "d", "b", "c", "a")
			s.wantOrder("sort=-updated_at", "a", "c", "b", "d")
			s.update(s.find(numbered(1)))
			s.wantOrder("sort=-updated_at", "b", "a", "c", "d")
		}},
	{"prices_order_both_ways", "sort=price orders as numbers whatever the currency, ties by id in the same direction.",
		func(s shelf) {
			for i, p := range []property.Decimal{100_00, 9_00, 100_00, 20_00, 100_00, property.MaxPrice} {
				s.add(i, price(p), func(d *property.Details) { d.Currency = []property.Currency{"USD", "HKD"}[i%2] })
			}
			s.wantOrder("sort=price", "b", "d", "a", "c", "e", "f")
			s.wantOrder("sort=-price", "f", "e", "c", "a", "d", "b")
		}},
	{"absent_areas_come_last_both_ways",
		"sort=area_m2 puts listings without an area last in both directions, ties by id in that direction.", func(s shelf) {
			s.shelveAreas()
			s.wantOrder("sort=area_m2", "f", "c", "e", "a", "b", "d")
			s.wantOrder("sort=-area_m2", "a", "e", "c", "f", "d", "b")
		}},
	{"distance_orders_both_ways", "sort=distance orders by the distance from near, ties by id in the same direction.",
		func(s shelf) {
			s.shelvePlaces(property.Coordinates{Latitude: -17, Longitude: 179.5},
				property.Coordinates{Latitude: -17, Longitude: -179.9}, property.Coordinates{Latitude: -16, Longitude: 179.99},
				property.Coordinates{Latitude: -17, Longitude: -179.9}, property.Coordinates{Latitude: -17, Longitude: 180})
			s.wantOrder("near=-17,-179.99&radius_km=500&sort=distance", "e", "b", "d", "a", "c")
			s.wantOrder("near=-17,-179.99&radius_km=500&sort=-distance", "c", "a", "d", "b", "e")
			s.wantOrder("near=-17,-179.99&radius_km=60&sort=distance", "e", "b", "d", "a")
			s.wantOrder("near=-17,179.99&radius_km=5&sort=distance", "e")
		}},
}

// shelveTimes stores a to d: b and c share both times, b with the smaller id.
func (s shelf) shelveTimes() {
	s.t.Helper()
	for i, at := range []struct{ created, updated time.Duration }{{1, 9}, {2, 8}, {2, 8}, {3, 7}} {
		p := s.draft(i)
		p.CreatedAt, p.UpdatedAt = birth.Add(at.created*time.Microsecond), birth.Add(at.updated*time.Microsecond)
		s.create(p)
	}
}

// shelveAreas stores a to f; b and d have no area, the area of f is zero, c and e have the same one.
func (s shelf) shelveAreas() {
	s.t.Helper()
	for i, area := range []property.Decimal{property.MaxAreaM2, -1, 100_00, -1, 100_00, 0} {
		s.add(i, func(d *property.Details) {
			if area >= 0 {
				d.AreaM2 = property.Some(area)
			}
		})
	}
}

var windowCases = []suiteCase[shelf]{
	{"a_page_has_at_most_limit_listings", "Search returns the first Limit listings of the order.", func(s shelf) {
		s.shelveAreas()
		s.wantOrder("sort=area_m2&limit=1", "f")
		s.wantOrder("sort=area_m2&limit=5", "f", "c", "e", "a", "b")
		s.wantOrder("sort=area_m2&limit=6", "f", "c", "e", "a", "b", "d")
		s.wantOrder("sort=area_m2&limit=7", "f", "c", "e", "a", "b", "d")
	}},
	{"a_page_of_large_listings_ends_early",
		"A page ends with the listing that brings it to PageBytes; the others follow after its Next.", func(s shelf) {
			stored := len(s.upsert(s.largeBatch(2 * property.PageBytes)...))
			search := s.parse("limit=500")
			shown, pages := 0, 0
			for ; pages == 0 || search.After.Valid; pages++ {
				if pages > stored {
					s.t.Fatalf("the pages of %d listings never end", stored)
				}
				page := s.page(&search)
				weight := 0
				for i := range page.Properties {
					if weight >= property.PageBytes {
						s.t.Fatalf("a page goes on after listing %d, which brings it to %d bytes", i, weight)
					}
					weight += page.Properties[i].Weight()
				}
				shown += len(page.Properties)
				if last := shown == stored; !last && weight < property.PageBytes {
					s.t.Fatalf("a page ends after %d of %d listings with %d bytes", len(page.Properties), stored, weight)
				}
				search.After = search.Next(page)
			}
			if shown != stored || pages < 3 {
				s.t.Fatalf("of %d listings %d are shown on %d pages", stored, shown, pages)
			}
		}},
	{"a_count_ignores_the_window", "Count returns how many listings match the filter, on all pages.", func(s shelf) {
		s.shelveAreas()
		filter := s.parse("min_area_m2=1").Filter
		if count, _, err := s.repo.Count(s.t.Context(), &filter); err != nil || count != 3 {
			s.t.Fatalf("the count is %d (error %v), not 3", count, err)
		}
	}},
	{"pages_follow_without_gap_or_repeat",
		"Walking from Next to Next shows every match once, in order, for every sort and page size.", func(s shelf) {
			s.shelveMany()
			for _, key := range property.SortKeys() {
				for _, direction := range []string{"", "-"} {
					s.walk(fmt.Sprintf("sort=%s%s&max_price=102&near=46.7,8.1&radius_km=900", direction, key))
				}
			}
		}},
	{"a_full_last_page_is_followed_by_an_empty_one",
		"A full page has a next page, which may be empty; a page that is not full has none.", func(s shelf) {
			s.shelveAreas()
			search := s.parse("sort=-area_m2&limit=3")
			for range 2 {
				page := s.page(&search)
				search.After = search.Next(page)
				if len(page.Properties) != 3 || !search.After.Valid {
					s.t.Fatalf("a page of %d listings out of 6 has next %t", len(page.Properties), search.After.Valid)
				}
			}
			if rest := s.page(&search); len(rest.Properties) != 0 {
				s.t.Fatalf("after the last of six listings came %q", titlesOf(rest))
			}
		}},
	{"a_page_begins_behind_a_place_that_is_gone",
		"A window begins after a sort position, whether a listing has that position or not.", func(s shelf) {
			s.shelveAreas()
			search := s.parse("sort=area_m2&limit=2")
			search.After = search.Next(s.page(&search))
			s.delete(numbered(2), 0)
			if found := titlesOf(s.page(&search)); !slices.Equal(found, []string{"e", "a"}) {
				s.t.Fatalf("after the deleted listing came %q", found)
			}
		}},
}

// shelveMany stores 23 listings with ties in every sort key and absent areas, in seven places.
func (s shelf) shelveMany() {
	s.t.Helper()
	for i := range 23 {
		p := s.draft(i*7%23, price(property.Decimal(100_00+i%4*100)), func(d *property.Details) {
			d.Coordinates = property.Some(property.Coordinates{Latitude: 45 + float64(i%7)/3, Longitude: 8.1})
			if i%3 > 0 {
				d.AreaM2 = property.Some(property.Decimal(i % 5 * 10_00))
			}
		})
		p.CreatedAt = birth.Add(time.Duration(i%6) * time.Second)
		p.UpdatedAt = birth.Add(time.Duration(i%2) * time.Second)
		s.create(p)
	}
}

// walk goes through the pages of a search in sizes of 1 to 7 and compares them with the whole result.
func (s shelf) walk(query string) {
	s.t.Helper()
	whole := s.search(query + "&limit=500")
	search := s.parse(query)
	byPlace := func(a, b property.Property) int {
		return search.Sort.Compare(search.Sort.PositionOf(&a), search.Sort.PositionOf(&b))
	}
	if !slices.IsSortedFunc(whole.Properties, byPlace) {
		s.t.Fatalf("search %q is not in order: %q", query, titlesOf(whole))
	}
	for _, search.Limit = range []int{1, 2, 5, 6, 7} {
		var walked []string
		search.After = property.Optional[property.SortPosition]{}
		for pages := 0; pages == 0 || search.After.Valid; pages++ {
			if pages > len(whole.Properties) {
				s.t.Fatalf("search %q never ends in pages of %d", query, search.Limit)
			}
			page := s.page(&search)
			walked = append(walked, titlesOf(page)...)
			search.After = search.Next(page)
		}
		if !slices.Equal(walked, titlesOf(whole)) {
			s.t.Fatalf("search %q in pages of %d shows %q, not %q", query, search.Limit, walked, titlesOf(whole))
		}
	}
}
