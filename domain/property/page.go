package property

import (
	"fmt"
	"slices"
	"sort"
)

// Page is the answer to a search: listings in the search's order, at most Limit of them, fewer when they are large.
// A page ends with the listing that brings it to PageBytes. It depends on its own rows alone: it is full when it
// has Limit rows or weighs PageBytes. There may be more rows behind it exactly when it is full, so an empty page
// follows a last page that happens to be full. A page is immutable; Apply makes another.
type Page struct {
	Properties []Property
}

// PageBytes is the weight at which a page is full, however few rows it has. One row may go beyond it.
const PageBytes = 2 << 20

// Full reports whether the page is as large as the search allows. Then its window ends at its last row.
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

// Cut is the page that begins with these rows: the shortest run of them that fills it, or all.
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

// index is the index of a listing on the page, or -1.
func (p *Page) index(id ID) int {
	return slices.IndexFunc(p.Properties, func(row Property) bool { return row.ID == id })
}

// Window is what a page depends on: the search, the listings on the page and the sort position of its end. It
// decides whether a change touches the page, at a small part of the page's size.
type Window struct {
	search *Search
	ids    []ID
	end    Optional[SortPosition] // the last row's position when the page is full; absent: open-ended
}

// Window is the part of the search's order that the page covers.
func (s *Search) Window(page *Page) *Window {
	w := Window{search: s, ids: make([]ID, len(page.Properties)), end: s.Next(page)}
	for i := range page.Properties {
		w.ids[i] = page.Properties[i].ID
	}
	return &w
}

// Covers reports whether a position lies in the window: after the search's start and not after the page's last row.
// The window of a page that is not full has no end.
func (w *Window) Covers(at SortPosition) bool {
	s := w.search
	if s.After.Valid && s.Sort.Compare(at, s.After.Value) <= 0 {
		return false
	}
	return !w.end.Valid || s.Sort.Compare(at, w.end.Value) <= 0
}

// Touches reports whether the change may alter the page. It may when the page shows the listing, whatever the change
// did to it, or when the listing's new state may match and falls inside the window. The state before the change does
// not matter: a row that leaves a page was on it.
func (w *Window) Touches(c *Change) bool {
	if c.Op == OpReset || slices.Contains(w.ids, c.ID) {
		return true
	}
	return c.After != nil && w.Covers(w.search.Sort.PositionOf(c.After)) && w.search.Filter.Matches(c.After) != No
}

// String is in words what the page depends on.
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

// AffectsCount reports whether the change may alter the number of matching listings. It does not when both images
// certainly match, or both certainly do not.
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

// Apply is the page after one listing has reached a newer state, where the database is not needed. It returns false
// when the page must be reloaded: the match is uncertain, or the page would run short of rows. The state is the
// newest one known: current is nil when the listing is deleted, and version is its version, or that of its
// deletion. Apply is idempotent, and returns the same page when it already shows the listing at that version or a
// newer one.
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

// insert puts the listing at its sort position among the rows.
func (s *Search) insert(rows []Property, p *Property) []Property {
	position := s.Sort.PositionOf(p)
	at := sort.Search(len(rows), func(i int) bool { return s.Sort.Compare(s.Sort.PositionOf(&rows[i]), position) > 0 })
	return slices.Insert(rows, at, *p)
}
