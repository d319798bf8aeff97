package property

import (
	"fmt"
	"slices"
	"sort"
)

// Page is the answer to a search: listings in the search's order, at most Limit of them, and fewer when they are large:
// a page ends with the listing that brings it to PageBytes. It is a function of its own rows: it is full when it has
// Limit rows or weighs PageBytes, and there may be more behind it exactly when it is full, so a last page that
// happens to be full is followed by an empty one. A page is immutable; Apply makes another.
type Page struct {
	Properties []Property
}

// PageBytes is the weight at which a page is full, however few rows it has. One row may go beyond it.
const PageBytes = 2 << 20

// Full reports whether the page holds as much as the search allows, which means that its window ends at its last row.
func (s *Search) Full(page *Page) bool {
	if len(page.Properties) >= s.Limit {
		return true
	}
	weight := 0
	for i := range page.Properties {
		weight += page.Properties[i].Weight()
	}
	return weight >= PageBytes
}

// Cut is the page that begins with these rows: the first of them with which it is full, or all.
func (s *Search) Cut(rows []Property) *Page {
	weight := 0
	for i := range rows {
		weight += rows[i].Weight()
		if i+1 == s.Limit || weight >= PageBytes {
			return &Page{Properties: slices.Clip(rows[:i+1])}
		}
	}
	return &Page{Properties: rows}
}

// Next is where the following page begins; absent when the page is not full.
func (s *Search) Next(page *Page) Optional[SortPosition] {
	if !s.Full(page) || len(page.Properties) == 0 {
		return Optional[SortPosition]{}
	}
	return Some(s.Sort.PositionOf(&page.Properties[len(page.Properties)-1]))
}

// index is the position of a listing on the page, or -1.
func (p *Page) index(id ID) int {
	return slices.IndexFunc(p.Properties, func(row Property) bool { return row.ID == id })
}

// Window is what a page's truth depends on: the search, the listings the page shows and the place where it ends. It is
// all that is needed to judge whether a change touches the page, at a small part of the page's size.
type Window struct {
	search *Search
	ids    []ID
	end    Optional[SortPosition] // the last row's place when the page is full; absent: open-ended
}

// Window is the stretch of the search's order that the page covers.
func (s *Search) Window(page *Page) *Window {
	w := Window{search: s, ids: make([]ID, len(page.Properties)), end: s.Next(page)}
	for i := range page.Properties {
		w.ids[i] = page.Properties[i].ID
	}
	return &w
}

// Covers reports whether a place lies in the window: behind the search's start and not behind the page's last row,
// open-ended when the page is not full.
func (w *Window) Covers(at SortPosition) bool {
	s := w.search
	if s.After.Valid && s.Sort.Compare(at, s.After.Value) <= 0 {
		return false
	}
	return !w.end.Valid || s.Sort.Compare(at, w.end.Value) <= 0
}

// Touches reports whether the change may alter the page: the page shows the listing, or the listing's new state may match
// and falls inside the window. A row that leaves a page was on it, so the state before the change does not matter.
func (w *Window) Touches(c *Change) bool {
	if c.Op == OpReset || slices.Contains(w.ids, c.ID) {
		return true
	}
	return c.After != nil && w.Covers(w.search.Sort.PositionOf(c.After)) && w.search.Filter.Matches(c.After) != No
}

// String says in words what the page's truth depends on.
func (w *Window) String() string {
	question, others := "all listings", "any other that would match"
	if text := w.search.String(); text != "" {
		question = text
	}
	if w.end.Valid {
		others = "any that would come before the last of them"
	}
	return fmt.Sprintf("the page of %d for %s: the listings that it shows, and %s", len(w.ids), question, others)
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
	if current != nil && s.Window(page).Covers(s.Sort.PositionOf(current)) {
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
	patched := s.Cut(rows)
	if s.Full(page) && !s.Full(patched) {
		return nil, false
	}
	return patched, true
}

// insert puts the listing at its place among the rows.
func (s *Search) insert(rows []Property, p *Property) []Property {
	place := s.Sort.PositionOf(p)
	at := sort.Search(len(rows), func(i int) bool { return s.Sort.Compare(s.Sort.PositionOf(&rows[i]), place) > 0 })
	return slices.Insert(rows, at, *p)
}
