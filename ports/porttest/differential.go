package porttest

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Differential compares empty repositories over the same random listings and random searches. They must return the
// same pages and counts. These must agree with the domain: every store finds, or does not find, a listing about which
// Filter.Matches is sure. Where the domain returns Maybe, stores may differ.
func Differential(t *testing.T, repos map[string]ports.PropertyRepository) {
	table := Listings(200).Example(1)
	names := slices.Sorted(maps.Keys(repos))
	for _, name := range names {
		for _, p := range table {
			if _, err := repos[name].Create(t.Context(), p, nil); err != nil {
				t.Fatalf("%s: create listing %s: %v", name, p.ID, err)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		search := Search().Draw(t, "search")
		from := rapid.IntRange(-2*len(table), len(table)-1).Draw(t, "begin behind")
		if from >= 0 {
			search.After = property.Some(search.Sort.PositionOf(&table[from]))
		}
		want := expect(table, search)
		for _, name := range names {
			want.check(t, name, repos[name])
		}
	})
}

// expectation is the result of a search over a table according to the domain.
type expectation struct {
	search  property.Search
	table   map[property.ID]property.Property
	sure    []property.ID        // listings behind the start that surely match, in order
	unsure  map[property.ID]bool // listings that may match
	matches int                  // how many surely match, wherever the search starts
}

func expect(table []property.Property, search property.Search) expectation {
	e := expectation{search: search, table: map[property.ID]property.Property{}, unsure: map[property.ID]bool{}}
	ordered := slices.SortedFunc(slices.Values(table), func(a, b property.Property) int {
		return search.Sort.Compare(search.Sort.PositionOf(&a), search.Sort.PositionOf(&b))
	})
	for _, p := range ordered {
		e.table[p.ID] = p
		match := search.Filter.Matches(&p)
		switch {
		case match == property.Maybe:
			e.unsure[p.ID] = true
		case match == property.Yes:
			e.matches++
			if !search.After.Valid || search.Sort.Compare(search.Sort.PositionOf(&p), search.After.Value) > 0 {
				e.sure = append(e.sure, p.ID)
			}
		}
	}
	return e
}

// check pages through the search in one repository.
func (e expectation) check(t *rapid.T, name string, repo ports.PropertyRepository) {
	found := e.walk(t, name, repo)
	sure := slices.DeleteFunc(slices.Clone(found), func(id property.ID) bool { return e.unsure[id] })
	if !slices.Equal(sure, e.sure) {
		t.Fatalf("%s: search %q shows\n%v\nnot\n%v", name, &e.search, sure, e.sure)
	}
	count, _, err := repo.Count(t.Context(), &e.search.Filter)
	if err != nil || count < int64(e.matches) || count > int64(e.matches+len(e.unsure)) {
		t.Fatalf("%s: count %q is %d (error %v); %d match, %d may match", name, &e.search.Filter, count, err, e.matches,
			len(e.unsure))
	}
	if !e.search.After.Valid && count != int64(len(found)) {
		t.Fatalf("%s: search %q shows %d listings and counts %d", name, &e.search, len(found), count)
	}
}

func (e expectation) walk(t *rapid.T, name string, repo ports.PropertyRepository) []property.ID {
	var found []property.ID
	search := e.search
	for range len(e.table) + 1 {
		page, _, err := repo.Search(t.Context(), &search)
		if err != nil {
			t.Fatalf("%s: search %q: %v", name, &search, err)
		}
		if len(page.Properties) > search.Limit {
			t.Fatalf("%s: search %q returns a page of %d listings", name, &search, len(page.Properties))
		}
		for _, p := range page.Properties {
			if !p.Details.Equal(e.table[p.ID].Details) {
				t.Fatalf("%s: search %q shows\n%+v\nwhere\n%+v\nwas stored", name, &search, p, e.table[p.ID])
			}
			found = append(found, p.ID)
		}
		if search.After = search.Next(page); !search.After.Valid {
			return found
		}
	}
	t.Fatalf("%s: the pages of search %q never end", name, &e.search)
	return nil
}
