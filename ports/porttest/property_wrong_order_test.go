package porttest

import (
	"cmp"
	"context"
	"math"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// withOrder replaces the order of pages.
func withOrder(order func(property.Sort, *property.Property, *property.Property) int) func(repository) repository {
	return withSearch(func(p *plain) { p.order = order })
}

func directed(s property.Sort, order int) int {
	if s.Descending {
		return -order
	}
	return order
}

var wrongOrders = []wrongRepository{
	{"absent values come first", withOrder(func(s property.Sort, a, b *property.Property) int {
		if s.Key == property.SortAreaM2 && a.AreaM2.Valid != b.AreaM2.Valid {
			if a.AreaM2.Valid {
				return 1
			}
			return -1
		}
		return s.Compare(s.PositionOf(a), s.PositionOf(b))
	}), []string{"absent_areas_come_last_both_ways"}, []string{"*"}},
	{"absent values come first when descending", withOrder(func(s property.Sort, a, b *property.Property) int {
		up := property.Sort{Key: s.Key}
		return directed(s, up.Compare(up.PositionOf(a), up.PositionOf(b)))
	}), []string{"absent_areas_come_last_both_ways"}, []string{"*"}},
	{"ties are always by ascending id", withOrder(func(s property.Sort, a, b *property.Property) int {
		return cmp.Or(directed(s, cmp.Compare(s.PositionOf(a).Key, s.PositionOf(b).Key)), a.ID.Compare(b.ID))
	}), []string{
		"prices_order_both_ways", "created_at_orders_both_ways", "absent_areas_come_last_both_ways",
		"pages_follow_without_gap_or_repeat",
	}, []string{"*"}},
	{"ties are left to chance", withOrder(func(s property.Sort, a, b *property.Property) int {
		byKey := directed(s, cmp.Compare(s.PositionOf(a).Key, s.PositionOf(b).Key))
		return cmp.Or(byKey, cmp.Compare(a.ID[15]*77, b.ID[15]*77))
	}), []string{"pages_follow_without_gap_or_repeat"}, []string{"*"}},
	{"prices order as text", withOrder(func(s property.Sort, a, b *property.Property) int {
		if s.Key == property.SortPrice {
			return directed(s, cmp.Or(cmp.Compare(a.Price.String(), b.Price.String()), a.ID.Compare(b.ID)))
		}
		return s.Compare(s.PositionOf(a), s.PositionOf(b))
	}), []string{"prices_order_both_ways"}, nil},
	{"updated_at orders by birth", withOrder(func(s property.Sort, a, b *property.Property) int {
		if s.Key == property.SortUpdatedAt {
			s.Key = property.SortCreatedAt
		}
		return s.Compare(s.PositionOf(a), s.PositionOf(b))
	}), []string{"updated_at_orders_both_ways"}, []string{"pages_follow_without_gap_or_repeat"}},
	{"distance is a difference in degrees", withOrder(func(s property.Sort, a, b *property.Property) int {
		if s.Key != property.SortDistance {
			return s.Compare(s.PositionOf(a), s.PositionOf(b))
		}
		degrees := func(p *property.Property) float64 {
			return math.Hypot(p.Coordinates.Value.Latitude-s.From.Latitude, p.Coordinates.Value.Longitude-s.From.Longitude)
		}
		return directed(s, cmp.Or(cmp.Compare(degrees(a), degrees(b)), a.ID.Compare(b.ID)))
	}), []string{"distance_orders_both_ways"}, nil},
	{"a distance has no direction", withOrder(func(s property.Sort, a, b *property.Property) int {
		s.Descending = s.Descending && s.Key != property.SortDistance
		return s.Compare(s.PositionOf(a), s.PositionOf(b))
	}), []string{"distance_orders_both_ways"}, []string{"pages_follow_without_gap_or_repeat"}},
	{"the oldest come first", withOrder(func(s property.Sort, a, b *property.Property) int {
		if s == property.DefaultSort {
			s.Descending = false
		}
		return s.Compare(s.PositionOf(a), s.PositionOf(b))
	}), []string{
		"the_default_order_is_newest_first",
	}, append(largePages, "created_at_orders_both_ways", "pages_follow_without_gap_or_repeat")},
	{"a window includes its start", withSearch(func(p *plain) { p.behind = func(order int) bool { return order >= 0 } }),
		[]string{"pages_follow_without_gap_or_repeat", "a_full_last_page_is_followed_by_an_empty_one"}, largePages},
	{"a window has no start", withSearch(func(p *plain) { p.behind = func(int) bool { return true } }),
		[]string{"pages_follow_without_gap_or_repeat", "a_full_last_page_is_followed_by_an_empty_one",
			"a_page_begins_behind_a_place_that_is_gone"}, largePages},
	{"a page has one listing too many", withSearch(func(p *plain) { p.limit = func(limit int) int { return limit + 1 } }),
		[]string{"a_page_has_at_most_limit_listings"}, []string{"pages_follow_without_gap_or_repeat",
			"a_full_last_page_is_followed_by_an_empty_one", "a_page_begins_behind_a_place_that_is_gone"}},
	{"a page is bounded in listings only", withSearch(func(p *plain) {
		p.cut = func(s *property.Search, rows []property.Property) *property.Page {
			return &property.Page{Properties: rows[:min(len(rows), s.Limit)]}
		}
	}), []string{"a_page_of_large_listings_ends_early"}, nil},
	{"a page has one listing too few",
		withSearch(func(p *plain) { p.limit = func(limit int) int { return max(limit-1, 1) } }),
		[]string{"a_page_has_at_most_limit_listings", "pages_follow_without_gap_or_repeat",
			"a_full_last_page_is_followed_by_an_empty_one"}, []string{"a_page_begins_behind_a_place_that_is_gone"}},
	{"a count ignores the filter", func(right repository) repository {
		return altered{PropertyRepository: right, count: func(
			ctx context.Context, _ *property.Filter,
		) (int64, ports.ReadInfo, error) {
			return right.Count(ctx, &property.Filter{})
		}}
	}, []string{"a_count_ignores_the_window", "nothing_found_is_an_empty_page"}, []string{"*"}},
	{"a count is of one page", func(right repository) repository {
		return altered{PropertyRepository: right, count: func(
			ctx context.Context, f *property.Filter,
		) (int64, ports.ReadInfo, error) {
			page, _, err := right.Search(ctx, &property.Search{Filter: *f, Sort: property.DefaultSort, Limit: 2})
			if err != nil {
				return 0, ports.ReadInfo{}, err
			}
			return int64(len(page.Properties)), ports.ReadInfo{}, nil
		}}
	}, []string{"a_count_ignores_the_window"}, []string{"*"}},
}
