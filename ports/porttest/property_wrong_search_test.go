package porttest

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// plain answers searches by scanning all listings, with each step replaceable.
type plain struct {
	match  func(*property.Filter, *property.Property) bool
	order  func(property.Sort, *property.Property, *property.Property) int
	behind func(order int) bool
	limit  func(int) int
	cut    func(*property.Search, []property.Property) *property.Page
}

// withSearch replaces some steps of searching. All other steps are right.
func withSearch(change func(*plain)) func(repository) repository {
	p := plain{
		match:  matches,
		order:  func(s property.Sort, a, b *property.Property) int { return s.Compare(s.PositionOf(a), s.PositionOf(b)) },
		behind: func(order int) bool { return order > 0 },
		limit:  func(limit int) int { return limit },
		cut:    (*property.Search).Cut,
	}
	change(&p)
	return func(right repository) repository {
		return altered{PropertyRepository: right,
			search: func(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
				page, err := p.search(ctx, right, s)
				return page, ports.ReadInfo{}, err
			},
			count: func(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
				found, err := p.matching(ctx, right, f)
				return int64(len(found)), ports.ReadInfo{}, err
			}}
	}
}

func (p plain) matching(ctx context.Context, right repository, f *property.Filter) ([]property.Property, error) {
	var all []property.Property
	for search := (property.Search{Sort: property.DefaultSort, Limit: 10_000}); ; {
		page, _, err := right.Search(ctx, &search)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Properties {
			if p.match(f, &row) {
				all = append(all, row)
			}
		}
		if search.After = search.Next(page); !search.After.Valid {
			return all, nil
		}
	}
}

func (p plain) search(ctx context.Context, right repository, s *property.Search) (*property.Page, error) {
	rows, err := p.matching(ctx, right, &s.Filter)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b property.Property) int { return p.order(s.Sort, &a, &b) })
	if s.After.Valid {
		rows = slices.DeleteFunc(rows, func(row property.Property) bool {
			return !p.behind(s.Sort.Compare(s.Sort.PositionOf(&row), s.After.Value))
		})
	}
	limited := *s
	limited.Limit = p.limit(s.Limit)
	return p.cut(&limited, rows), nil
}

// largePages is the case that pages through large listings, and fails when one page does not follow another.
var largePages = []string{"a_page_of_large_listings_ends_early"}

// matches is right. Where the filter is unsure, it folds as the domain does.
func matches(f *property.Filter, p *property.Property) bool {
	sure := f.Matches(p)
	return sure == property.Yes || sure == property.Maybe && f.MatchesFold(p)
}

// withoutFilter ignores a part of the filter.
func withoutFilter(part func(*property.Filter)) func(repository) repository {
	return withSearch(func(p *plain) {
		p.match = func(f *property.Filter, row *property.Property) bool {
			less := *f
			part(&less)
			return matches(&less, row)
		}
	})
}

// withRule replaces the rule of one part of the filter; the rest stays right.
func withRule(forget func(*property.Filter), rule func(*property.Filter,
	*property.Property) bool) func(repository) repository {
	return withSearch(func(p *plain) {
		p.match = func(f *property.Filter, row *property.Property) bool {
			rest := *f
			forget(&rest)
			return matches(&rest, row) && rule(f, row)
		}
	})
}

func forgetWords(f *property.Filter)    { f.Words = nil }
func forgetLocation(f *property.Filter) { f.Location = "" }
func forgetBox(f *property.Filter)      { f.Box.Valid = false }
func forgetNear(f *property.Filter)     { f.Near.Valid = false }

// withWords replaces the rule about the words of a search, apart from references.
func withWords(rule func(f *property.Filter, p *property.Property) bool) func(repository) repository {
	return withRule(forgetWords, func(f *property.Filter, p *property.Property) bool {
		return isReference(f, p) || rule(f, p)
	})
}

func isReference(f *property.Filter, p *property.Property) bool {
	return len(f.Words) > 0 && property.Fold(p.Reference) == f.Whole()
}

// withContains replaces the rule by which a text contains a word.
func withContains(contains func(text, word string) bool) func(repository) repository {
	return withWords(func(f *property.Filter, p *property.Property) bool {
		return containsAll(f.Words, func(word string) bool {
			return contains(p.Title+"|"+p.Description+"|"+p.Location, word)
		})
	})
}

func containsAll(words []string, contains func(word string) bool) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !contains(word) })
}

func foldedASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// withoutPunctuation has lower-case letters, and spaces for punctuation.
func withoutPunctuation(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsPunct(r) && r != '\'' && r != '’'
	}), " ")
}

var wordCases = []string{
	"words_are_found_anywhere", "ascii_case_does_not_matter", "punctuation_means_nothing",
	"words_in_quotation_marks_stand_together", "wildcards_mean_nothing", "sql_means_nothing", "apostrophes_do_not_matter",
	"every_script_is_found", "markup_is_text", "the_whole_search_may_be_a_reference",
	"case_does_not_matter_in_any_script", "accents_do_not_matter", "filters_combine", "references_are_filtered",
}

// numberCases are the cases that cover every number.
var numberCases = []string{"every_number_is_bounded"}

var wrongFilters = []wrongRepository{
	{"offer is forgotten", withoutFilter(func(f *property.Filter) { f.Offers = nil }),
		[]string{"offers_are_filtered", "filters_combine"}, nil},
	{"kind is forgotten", withoutFilter(func(f *property.Filter) { f.Kinds = nil }),
		[]string{"kinds_are_filtered", "filters_combine"}, nil},
	{"status is forgotten", withoutFilter(func(f *property.Filter) { f.Statuses = nil }),
		[]string{"statuses_are_filtered", "filters_combine"}, nil},
	{"currency is forgotten", withoutFilter(func(f *property.Filter) { f.Currencies = nil }),
		[]string{"currencies_are_filtered"}, []string{"filters_combine"}},
	{"price is forgotten", withoutFilter(func(f *property.Filter) { f.Price = property.Range{} }),
		[]string{"prices_are_bounded", "filters_combine"}, []string{"*"}},
	{"bedrooms are forgotten", withoutFilter(func(f *property.Filter) { f.Bedrooms = property.Range{} }),
		[]string{"bedrooms_are_bounded"}, append(numberCases, "filters_combine")},
	{"bathrooms are forgotten", withoutFilter(func(f *property.Filter) { f.Bathrooms = property.Range{} }),
		[]string{"bathrooms_are_bounded"}, append(numberCases, "filters_combine")},
	{"area is forgotten", withoutFilter(func(f *property.Filter) { f.AreaM2 = property.Range{} }),
		[]string{"areas_are_bounded"}, append(numberCases, "a_count_ignores_the_window")},
	{"the last number is forgotten", withoutFilter(func(f *property.Filter) {
		*f.Ranges()[property.RangeCount-1].Range = property.Range{}
	}), []string{"every_number_is_bounded"}, []string{"areas_are_bounded", "a_count_ignores_the_window"}},
	{"created_after is forgotten", withoutFilter(func(f *property.Filter) { f.CreatedAfter.Valid = false }),
		[]string{"created_after_excludes_its_bound"}, []string{"filters_combine"}},
	{"updated_after is forgotten", withoutFilter(func(f *property.Filter) { f.UpdatedAfter.Valid = false }),
		[]string{"updated_after_excludes_its_bound"}, nil},
	{"bbox is forgotten", withoutFilter(forgetBox), []string{"a_box_includes_its_edges", "a_box_crosses_the_antimeridian"},
		[]string{"filters_combine"}},
	{"near is forgotten", withoutFilter(forgetNear), []string{"a_circle_measures_on_the_globe",
		"a_circle_crosses_the_antimeridian", "a_circle_reaches_over_the_poles"}, []string{"distance_orders_both_ways"}},
	{"q is forgotten", withoutFilter(forgetWords), []string{"words_are_found_anywhere"}, wordCases},
	{"location is forgotten", withoutFilter(forgetLocation), []string{"location_is_searched_in_the_location_only"},
		append(wordCases, "filters_combine")},
	{"location is searched everywhere", withRule(forgetLocation, func(f *property.Filter, p *property.Property) bool {
		return property.ContainsFold(p.Title+"|"+p.Description+"|"+p.Location, f.Location)
	}), []string{"location_is_searched_in_the_location_only"}, wordCases},
	{"references are forgotten", withoutFilter(func(f *property.Filter) { f.References = nil }),
		[]string{"references_are_filtered"}, nil},
	{"references fold", withRule(func(f *property.Filter) { f.References = nil },
		func(f *property.Filter, p *property.Property) bool {
			return len(f.References) == 0 || slices.ContainsFunc(f.References,
				func(reference string) bool { return strings.EqualFold(reference, p.Reference) })
		}), []string{"references_are_filtered"}, nil},
	{"an absent value passes a bound", withRule(func(f *property.Filter) { f.Bedrooms = property.Range{} },
		func(f *property.Filter, p *property.Property) bool {
			return !p.Bedrooms.Valid || f.Bedrooms.Contains(property.FieldNamed("bedrooms").Number(&p.Details))
		}), []string{"bedrooms_are_bounded"}, append(numberCases, "filters_combine")},
	{"a lower bound is exclusive", withRule(func(*property.Filter) {},
		func(f *property.Filter, p *property.Property) bool {
			return !f.Price.Min.Valid || p.Price > f.Price.Min.Value
		}), []string{"prices_are_bounded"},
		append(numberCases, "a_search_sees_the_newest_state", "decimals_are_exact_at_the_extremes")},
	{"created_after is inclusive", withRule(func(f *property.Filter) { f.CreatedAfter.Valid = false },
		func(f *property.Filter, p *property.Property) bool {
			return !f.CreatedAfter.Valid || !p.CreatedAt.Before(f.CreatedAfter.Value)
		}), []string{"created_after_excludes_its_bound"}, []string{"filters_combine"}},
	{"a box leaves its edges out", withRule(forgetBox, func(f *property.Filter, p *property.Property) bool {
		b, at := f.Box.Value, p.Coordinates
		return !f.Box.Valid || at.Valid && b.Contains(at.Value) && at.Value.Longitude != b.East
	}), []string{"a_box_includes_its_edges"}, []string{"a_box_crosses_the_antimeridian"}},
	{"a box ends at the antimeridian", withRule(forgetBox, func(f *property.Filter, p *property.Property) bool {
		b := f.Box.Value
		return !f.Box.Valid || b.West <= b.East && p.Coordinates.Valid && b.Contains(p.Coordinates.Value)
	}), []string{"a_box_crosses_the_antimeridian"}, nil},
	{"a box matches absent coordinates", withRule(forgetBox, func(f *property.Filter, p *property.Property) bool {
		return !f.Box.Valid || !p.Coordinates.Valid || f.Box.Value.Contains(p.Coordinates.Value)
	}), []string{"a_box_includes_its_edges", "a_box_crosses_the_antimeridian"}, []string{"filters_combine"}},
	{"a circle is its bounding box", withRule(forgetNear, func(f *property.Filter, p *property.Property) bool {
		return !f.Near.Valid || p.Coordinates.Valid && f.Near.Value.Bounds().Contains(p.Coordinates.Value)
	}), []string{
		"a_circle_measures_on_the_globe",
	}, []string{
		"a_circle_reaches_over_the_poles", "a_circle_crosses_the_antimeridian", "distance_orders_both_ways",
	}},
	{"a circle is flat", withRule(forgetNear, func(f *property.Filter, p *property.Property) bool {
		c, at := f.Near.Value, p.Coordinates.Value
		north := (at.Latitude - c.Center.Latitude) * 111.195
		east := (at.Longitude - c.Center.Longitude) * 111.195 * math.Cos(c.Center.Latitude*math.Pi/180)
		return !f.Near.Valid || p.Coordinates.Valid && math.Hypot(north, east) <= c.RadiusKM
	}), []string{"a_circle_crosses_the_antimeridian", "a_circle_reaches_over_the_poles"},
		[]string{"distance_orders_both_ways"}},
}
