package property

import (
	"slices"
	"sort"
)

// Page is the answer to a search: listings in the search's order, at most Limit of them. It is a function of its own
// rows: it is full when it has Limit rows, and there may be more behind it exactly when it is full, so a last page that
// happens to be full is followed by an empty one. A page is immutable; Apply makes another.
type Page struct {
	Properties []Property
}

// Full reports whether the page has as many rows as the search allows, which means that its window ends at its last row.
func (s *Search) Full(page *Page) bool { return len(page.Properties) >= s.Limit }

// Next is where the following page begins; absent when the page is not full.
func (s *Search) Next(page *Page) Optional[Place] {
	if !s.Full(page) || len(page.Properties) == 0 {
		return Optional[Place]{}
	}
	return Some(s.Sort.Place(&page.Properties[len(page.Properties)-1]))
}

// index is the position of a listing on the page, or -1.
func (p *Page) index(id ID) int {
	return slices.IndexFunc(p.Properties, func(row Property) bool { return row.ID == id })
}

// InWindow reports whether the place lies in the stretch of the order that the page covers: behind the search's start
// and not behind the page's last row, open-ended when the page is not full.
func (s *Search) InWindow(at Place, page *Page) bool {
	if s.After.Valid && s.Sort.Compare(at, s.After.Value) <= 0 {
		return false
	}
	if !s.Full(page) {
		return true
	}
	return s.Sort.Compare(at, s.Next(page).Value) <= 0
}

// Affects reports whether the change may alter the page: the page shows the listing, or the listing's new state may match
// and falls inside the window. A row that leaves a page was on it, so the state before the change does not matter.
func (s *Search) Affects(c *Change, page *Page) bool {
	if c.Op == OpReset || page.index(c.ID) >= 0 {
		return true
	}
	return c.After != nil && s.InWindow(s.Sort.Place(c.After), page) && s.Filter.Matches(c.After) != No
}

// AffectsCount reports whether the change may alter the number of listings that match: it does unless both images
// certainly match or both certainly do not.
func (f *Filter) AffectsCount(c *Change) bool {
	if c.Op == OpReset || c.Op != OpInsert && c.Before == nil || c.Op != OpDelete && c.After == nil {
		return true
	}
	before, after := No, No
	if c.Before != nil {
		before = f.Matches(c.Before)
	}
	if c.After != nil {
		after = f.Matches(c.After)
	}
	return before == Maybe || after == Maybe || before != after
}

// Apply is the page after one listing has reached a newer state, where that can be known without the database; false
// means that the page must be loaded anew (the match is uncertain, or the page would run short of rows). The listing's
// state is the newest one known: current is nil when it is gone, and version is its version, or that of its removal.
// Apply is idempotent, and leaves a page alone that already shows the listing at that version or a newer one.
func (s *Search) Apply(page *Page, id ID, version int64, current *Property) (*Page, bool) {
	at := page.index(id)
	if at >= 0 && page.Properties[at].Version >= version {
		return page, true
	}
	enters := No
	if current != nil && s.InWindow(s.Sort.Place(current), page) {
		enters = s.Filter.Matches(current)
	}
	switch {
	case enters == Maybe:
		return nil, false
	case at < 0 && enters == No:
		return page, true
	}
	rows := make([]Property, 0, len(page.Properties)+1)
	rows = append(rows, page.Properties...)
	if at >= 0 {
		rows = slices.Delete(rows, at, at+1)
	}
	if enters == Yes {
		rows = s.insert(rows, current)
	}
	if s.Full(page) && len(rows) < s.Limit {
		return nil, false
	}
	return &Page{Properties: rows}, true
}

// insert puts the listing at its place among the rows and keeps the page within its limit.
func (s *Search) insert(rows []Property, p *Property) []Property {
	place := s.Sort.Place(p)
	at := sort.Search(len(rows), func(i int) bool { return s.Sort.Compare(s.Sort.Place(&rows[i]), place) > 0 })
	rows = slices.Insert(rows, at, *p)
	if len(rows) > s.Limit {
		rows = rows[:s.Limit]
	}
	return rows
}
