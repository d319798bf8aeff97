package property_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// world is a table of listings and a store that answers searches about it, the plain way. Where the filter returns
// Maybe, the store decides by a coin for each state of a listing, since stores may differ.
type world struct {
	rows map[property.ID]property.Property
	coin func(*property.Property) bool
}

func newWorld(t *rapid.T) world {
	w := world{rows: map[property.ID]property.Property{}}
	salt := rapid.Uint8().Draw(t, "salt")
	w.coin = func(p *property.Property) bool { return (p.ID[15]+byte(p.Version)+salt)%3 > 0 }
	for _, p := range porttest.Listings(rapid.IntRange(0, 8).Draw(t, "rows")).Draw(t, "table") {
		p.Description = description().Draw(t, "description")
		w.rows[p.ID] = p
	}
	return w
}

// description is usually short, and sometimes so long that two or three of them fill a page.
func description() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"", "bright", "school", strings.Repeat("s", property.PageBytes*2/5), strings.Repeat("l", property.PageBytes*7/10),
	})
}

func (w world) matches(f *property.Filter, p *property.Property) bool {
	m := f.Matches(p)
	return m == property.Yes || m == property.Maybe && w.coin(p)
}

func (w world) page(s *property.Search) *property.Page {
	page := new(property.Page)
	for _, p := range w.rows {
		behind := !s.After.Valid || s.Sort.Compare(s.Sort.PositionOf(&p), s.After.Value) > 0
		if behind && w.matches(&s.Filter, &p) {
			page.Properties = append(page.Properties, p)
		}
	}
	slices.SortFunc(page.Properties, func(a, b property.Property) int {
		return s.Sort.Compare(s.Sort.PositionOf(&a), s.Sort.PositionOf(&b))
	})
	for n, weight := 0, 0; n < len(page.Properties); n++ {
		if n == s.Limit || weight >= property.PageBytes {
			page.Properties = page.Properties[:n]
			break
		}
		weight += page.Properties[n].Weight()
	}
	return page
}

func (w world) count(f *property.Filter) (n int) {
	for _, p := range w.rows {
		if w.matches(f, &p) {
			n++
		}
	}
	return n
}

// change makes a random change and returns it.
func (w world) change(t *rapid.T) property.Change {
	ids := slices.SortedFunc(func(yield func(property.ID) bool) {
		for id := range w.rows {
			if !yield(id) {
				return
			}
		}
	}, property.ID.Compare)
	at := rapid.IntRange(-1, len(ids)-1).Draw(t, "changed")
	if at < 0 {
		born := porttest.Listings(1).Draw(t, "born")[0]
		born.ID[0] = rapid.Byte().Draw(t, "new id") | 1
		w.rows[born.ID] = born
		return property.Inserted(1, born)
	}
	before := w.rows[ids[at]]
	if rapid.IntRange(0, 2).Draw(t, "removed") == 0 {
		delete(w.rows, before.ID)
		return property.Deleted(1, before, time.Time{})
	}
	after := before
	after.Version++
	if rapid.Bool().Draw(t, "only the price") {
		after.Price = porttest.Details().Draw(t, "details").Price
	} else {
		after.Details = porttest.Details().Draw(t, "details")
		after.Description = description().Draw(t, "description")
	}
	after.UpdatedAt = before.UpdatedAt.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "later")) * time.Second)
	w.rows[after.ID] = after
	return property.Updated(1, before, after)
}

// search draws a search with a small page, often about everything, often beginning inside the table.
func (w world) search(t *rapid.T) *property.Search {
	s := porttest.Search().Draw(t, "search")
	if rapid.Bool().Draw(t, "about everything") {
		s.Filter = property.Filter{}
	}
	s.Limit = rapid.IntRange(1, 4).Draw(t, "limit")
	if whole := w.page(&property.Search{Sort: s.Sort, Limit: 3}); rapid.Bool().Draw(t, "next page") {
		for _, p := range whole.Properties {
			s.After = property.Some(s.Sort.PositionOf(&p))
		}
	}
	return &s
}

func samePage(a, b *property.Page) bool {
	return slices.EqualFunc(a.Properties, b.Properties, func(p, q property.Property) bool {
		return p.ID == q.ID && p.Version == q.Version && p.Details.Equal(q.Details)
	})
}

func TestAPageThatAChangeDoesNotAffectStaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		s := w.search(t)
		before := w.page(s)
		c := w.change(t)
		if after := w.page(s); !s.Window(before).Touches(&c) && !samePage(before, after) {
			t.Fatalf("%s does not affect the page of %q, which went from\n%+v\nto\n%+v", c.Op, s, before, after)
		}
	})
}

func TestAPatchedPageIsWhatTheStoreAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		s := w.search(t)
		before := w.page(s)
		c := w.change(t)
		after := w.page(s)
		for what, page := range map[string]*property.Page{"loaded before": before, "that has seen the change": after} {
			patched, ok := s.Apply(page, c.ID, c.Version, c.After)
			if !ok {
				continue
			}
			if !samePage(patched, after) {
				t.Fatalf("%s applied to a page of %q %s gives\n%+v\nwant\n%+v", c.Op, s, what, patched, after)
			}
			again, ok := s.Apply(patched, c.ID, c.Version, c.After)
			if !ok || !samePage(again, patched) {
				t.Fatalf("%s applied twice to a page of %q gives\n%+v (%t)\nwant\n%+v", c.Op, s, again, ok, patched)
			}
		}
	})
}

func TestApplyNeverPutsAnOlderVersionOverANewer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		s := w.search(t)
		page := w.page(s)
		for i := range page.Properties {
			newer := slices.Clone(page.Properties)
			newer[i].Version += 2
			shown := &property.Page{Properties: newer}
			old := page.Properties[i]
			old.Title = "older"
			for _, current := range []*property.Property{&old, nil} {
				if patched, ok := s.Apply(shown, old.ID, newer[i].Version-1, current); !ok || !samePage(patched, shown) {
					t.Fatalf("an older state replaced a newer one: %+v (%t)", patched, ok)
				}
			}
		}
	})
}

func TestApplyDoesNotAlterItsPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		s := w.search(t)
		page := w.page(s)
		copied := &property.Page{Properties: slices.Clone(page.Properties)}
		c := w.change(t)
		s.Apply(page, c.ID, c.Version, c.After)
		if !samePage(page, copied) {
			t.Fatalf("Apply altered its page from\n%+v\nto\n%+v", copied, page)
		}
	})
}

func TestAShortenedFullPageIsLoadedAnew(t *testing.T) {
	s := search(t, "sort=price&limit=2")
	rows := []property.Property{listing(t, 1, func(d *property.Details) { d.Price = 1 }),
		listing(t, 2, func(d *property.Details) { d.Price = 2 })}
	if page, ok := s.Apply(&property.Page{Properties: rows}, rows[0].ID, 2, nil); ok {
		t.Errorf("a full page that lost a row became %+v without asking for the row that moves up", page)
	}
}

func TestAnUncertainMatchIsNeverPatched(t *testing.T) {
	s := search(t, "q=ⱡ")
	p := listing(t, 1, func(d *property.Details) { d.Title = "Ⱡ" })
	c := property.Inserted(1, p)
	if !s.Window(new(property.Page)).Touches(&c) || !s.Filter.AffectsCount(&c) {
		t.Errorf("a change that may match is taken for one that does not")
	}
	if page, ok := s.Apply(new(property.Page), p.ID, 1, &p); ok {
		t.Errorf("an uncertain match is patched: %+v", page)
	}
	upper := listing(t, 1, func(d *property.Details) { d.Title = "Ⱡ!" })
	if c := property.Updated(2, p, upper); !s.Filter.AffectsCount(&c) {
		t.Errorf("a change from one uncertain match to another leaves the count alone")
	}
}

func TestTheLastRowOfAFullPageIsReplacedInPlace(t *testing.T) {
	s := search(t, "sort=price&limit=1")
	before := listing(t, 1)
	after := before
	after.Title, after.Version = "new", 2
	page, ok := s.Apply(&property.Page{Properties: []property.Property{before}}, after.ID, 2, &after)
	if !ok || !samePage(page, &property.Page{Properties: []property.Property{after}}) {
		t.Errorf("a change of the last row in place gives %+v (%t)", page, ok)
	}
}

func TestACountThatAChangeDoesNotAffectStaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		f := &w.search(t).Filter
		before := w.count(f)
		c := w.change(t)
		if after := w.count(f); !f.AffectsCount(&c) && before != after {
			t.Fatalf("%s does not affect the count of %q, which went from %d to %d", c.Op, f, before, after)
		}
	})
}

func TestAResetAffectsEverything(t *testing.T) {
	s := search(t, "kind=house&min_price=5")
	reset := property.Change{Op: property.OpReset}
	if !s.Window(new(property.Page)).Touches(&reset) || !s.Filter.AffectsCount(&reset) {
		t.Errorf("a reset leaves an answer alone")
	}
}

func TestAChangeElsewhereLeavesPagesAlone(t *testing.T) {
	s := search(t, "sort=price&limit=1&kind=house")
	house := func(price property.Decimal) func(*property.Details) {
		return func(d *property.Details) { d.Kind, d.Price = property.KindHouse, price }
	}
	page := &property.Page{Properties: []property.Property{listing(t, 1, house(5))}}
	for what, p := range map[string]property.Property{
		"behind the window": listing(t, 2, house(6)),
		"of another kind":   listing(t, 3),
	} {
		if c := property.Updated(1, p, p); s.Window(page).Touches(&c) {
			t.Errorf("a listing %s affects the page", what)
		}
	}
}
