package property_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/property"
)

func house(t *testing.T, n byte, price property.Decimal) property.Property {
	return listing(t, n, func(d *property.Details) { d.Kind, d.Price = property.KindHouse, price })
}

// The changes that touch a page, and the resulting page, case by case. It begins behind house 1 at 10 and shows 2
// at 20 and 4 at 40, cheapest first. With a limit of 2 it is full, and with one of 3 it is not.
func TestAPageIsTouchedByWhatItShowsAndByWhatBelongsOnIt(t *testing.T) {
	one, two, four := house(t, 1, 10), house(t, 2, 20), house(t, 4, 40)
	page := &property.Page{Properties: []property.Property{two, four}}
	changed := func(p property.Property, price property.Decimal, kind property.Kind) property.Change {
		now := p
		now.Price, now.Kind, now.Title, now.Version = price, kind, "new", p.Version+1
		return property.Updated(1, p, now)
	}
	comes := func(n byte, price property.Decimal) property.Change {
		return property.Inserted(1, house(t, n, price))
	}
	for name, c := range map[string]struct {
		change     property.Change
		full, open string // what the page becomes; "anew": it must be loaded; "untouched"
	}{
		"shown, and changed in place":        {changed(two, 20, property.KindHouse), "20 40", "20 40"},
		"shown, and moved on the page":       {changed(two, 39, property.KindHouse), "39 40", "39 40"},
		"shown last, and changed in place":   {changed(four, 40, property.KindHouse), "20 40", "20 40"},
		"shown last, and moved up":           {changed(four, 11, property.KindHouse), "11 20", "11 20"},
		"shown, and moved behind the end":    {changed(two, 50, property.KindHouse), "anew", "40 50"},
		"shown, and moved to before it":      {changed(two, 1, property.KindHouse), "anew", "40"},
		"shown, and no longer a match":       {changed(two, 20, property.KindLand), "anew", "40"},
		"shown, and removed":                 {property.Deleted(1, two, birth), "anew", "40"},
		"shown as it has become already":     {property.Inserted(1, house(t, 2, 30)), "20 40", "20 40"},
		"one that comes between":             {comes(3, 30), "20 30", "20 30 40"},
		"one that comes just before the end": {comes(3, 40), "20 40", "20 40 40"},
		"one that comes just behind the end": {comes(5, 40), "untouched", "20 40 40"},
		"the one that it begins behind":      {changed(one, 10, property.KindHouse), "untouched", "untouched"},
		"one that comes before it":           {comes(3, 9), "untouched", "untouched"},
		"no match":                           {changed(listing(t, 3), 30, property.KindLand), "untouched", "untouched"},
	} {
		for limit, want := range map[int]string{2: c.full, 3: c.open} {
			s := search(t, "kind=house&sort=price")
			s.Limit, s.After = limit, property.Some(s.Sort.PositionOf(&one))
			if touched := s.Window(page).Touches(&c.change); touched != (want != "untouched") {
				t.Errorf("%s: touches a page of %d: %t", name, limit, touched)
			}
			becomes := "anew"
			if patched, ok := s.Apply(page, c.change.ID, c.change.Version, c.change.After); ok {
				becomes = costs(patched)
			}
			if becomes != strings.Replace(want, "untouched", costs(page), 1) {
				t.Errorf("%s: a page of %d becomes %s, want %s", name, limit, becomes, want)
			}
		}
	}
}

// A page with large listings ends before its limit, and is judged correctly all the same. Of three listings at 20,
// 30 and 40 the first two fill it.
func TestAPageIsTouchedByWhatBelongsBeforeTheListingThatFillsIt(t *testing.T) {
	large := func(n byte, price property.Decimal, part int) property.Property {
		p := house(t, n, price)
		p.Description = strings.Repeat("l", property.PageBytes*part/10)
		return p
	}
	two, three, four := large(2, 20, 4), large(3, 30, 7), large(4, 40, 4)
	s := search(t, "kind=house&sort=price&limit=500")
	page := s.Cut([]property.Property{two, three, four})
	if next, ok := s.Next(page).Get(); costs(page) != "20 30" || next != s.Sort.PositionOf(&three) || !ok {
		t.Fatalf("the page is %s, and the next one begins behind %v (%t)", costs(page), next, ok)
	}
	becoming := func(p property.Property, part int) property.Change {
		now := large(p.ID[15], p.Price, part)
		now.Version++
		return property.Updated(1, p, now)
	}
	for name, c := range map[string]struct {
		change  property.Change
		becomes string
	}{
		"one behind the end":                      {property.Inserted(1, large(5, 31, 1)), "untouched"},
		"one before the end":                      {property.Inserted(1, large(5, 25, 1)), "20 25 30"},
		"a large one before the end":              {property.Inserted(1, large(5, 25, 6)), "20 25"},
		"one of the first, grown":                 {becoming(two, 9), "20 30"},
		"one of the first, grown to fill it":      {becoming(two, 10), "20"},
		"one of the first, not so large any more": {becoming(two, 1), "anew"},
		"the last, not so large any more":         {becoming(three, 1), "anew"},
		"one of the first, removed":               {property.Deleted(1, two, birth), "anew"},
	} {
		becomes := "untouched"
		if s.Window(page).Touches(&c.change) {
			becomes = "anew"
			if patched, ok := s.Apply(page, c.change.ID, c.change.Version, c.change.After); ok {
				becomes = costs(patched)
			}
		}
		if becomes != c.becomes {
			t.Errorf("%s: the page becomes %s, want %s", name, becomes, c.becomes)
		}
	}
}

func costs(page *property.Page) string {
	list := make([]string, len(page.Properties))
	for i := range list {
		list[i] = fmt.Sprint(int64(page.Properties[i].Price))
	}
	return strings.Join(list, " ")
}

// A change without an image may have had any effect.
func TestAChangeWithoutItsImagesMayAlterEveryCount(t *testing.T) {
	land := listing(t, 1, func(d *property.Details) { d.Kind = property.KindLand })
	f := &search(t, "kind=house").Filter
	for name, c := range map[string]struct {
		change property.Change
		alters bool
	}{
		"an insertion of something else": {property.Inserted(1, land), false},
		"a change of something else":     {property.Updated(1, land, land), false},
		"a removal of something else":    {property.Deleted(1, land, birth), false},
		"an insertion without After":     {property.Change{Op: property.OpInsert, ID: land.ID}, true},
		"an update without Before":       {property.Change{Op: property.OpUpdate, ID: land.ID, After: &land}, true},
		"an update without After":        {property.Change{Op: property.OpUpdate, ID: land.ID, Before: &land}, true},
		"a removal without Before":       {property.Change{Op: property.OpDelete, ID: land.ID}, true},
	} {
		if got := f.AffectsCount(&c.change); got != c.alters {
			t.Errorf("%s may alter the number of houses: %t", name, got)
		}
	}
}
