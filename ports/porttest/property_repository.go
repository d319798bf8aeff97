package porttest

import (
	"encoding/binary"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Features are the real differences between property repositories. The zero value stands for a store without any.
type Features struct {
	// FoldsASCIIOnly means that searches match letters outside ASCII only in the case in which they were written.
	FoldsASCIIOnly bool
}

// PropertyRepository checks that a repository keeps every promise of ports.PropertyRepository. newRepo returns an
// empty repository at each call.
func PropertyRepository(t *testing.T, newRepo func(t *testing.T) ports.PropertyRepository, f Features) {
	runCases(t, propertyCases(f), func(t *testing.T) shelf { return shelf{t, newRepo(t)} })
}

func propertyCases(f Features) []suiteCase[shelf] {
	return concat(
		createCases, idempotencyCases, updateCases, deleteCases, upsertCases, compareCases, withdrawCases,
		fidelityCases,
		filterCases, textCases(f), placeCases, orderCases, windowCases, concurrencyCases, contextCases,
	)
}

// shelf is a repository under test with the steps that cases are made of. A step that must succeed ends the case when
// it fails.
type shelf struct {
	t    reporter
	repo ports.PropertyRepository
}

// birth is when the listings of the cases are created, unless a case sets another time.
var birth = time.Date(2024, 2, 29, 23, 59, 59, 123_456_000, time.UTC)

// numbered returns the id with this number: greater numbers make greater ids.
func numbered(n int) property.ID {
	id := property.ID{6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// draft returns a listing that is not stored yet, with id and title from n, created at birth.
func (s shelf) draft(n int, edits ...func(*property.Details)) property.Property {
	s.t.Helper()
	details := property.Details{Title: string(rune('a' + n%26)), Price: 100_00, Location: "Seattle"}
	for _, edit := range edits {
		edit(&details)
	}
	p, err := property.New(numbered(n), details, birth)
	if err != nil {
		s.t.Fatalf("the case makes an invalid listing: %v", err)
	}
	return p
}

// add stores a draft and returns it as stored. Drafts 0, 1, 2 … are titled a, b, c …
func (s shelf) add(n int, edits ...func(*property.Details)) property.Property {
	s.t.Helper()
	return s.create(s.draft(n, edits...))
}

func (s shelf) create(p property.Property) property.Property {
	s.t.Helper()
	creation, err := s.repo.Create(s.t.Context(), p, nil)
	if err != nil {
		s.t.Fatalf("create listing %s: %v", p.ID, err)
	}
	return *s.after(creation.Change)
}

func (s shelf) update(p property.Property, edits ...func(*property.Details)) property.Change {
	s.t.Helper()
	for _, edit := range edits {
		edit(&p.Details)
	}
	change, err := s.repo.Update(s.t.Context(), p)
	if err != nil {
		s.t.Fatalf("update listing %s at version %d: %v", p.ID, p.Version, err)
	}
	return change
}

func (s shelf) delete(id property.ID, version int64) property.Change {
	s.t.Helper()
	change, err := s.repo.Delete(s.t.Context(), id, version)
	if err != nil {
		s.t.Fatalf("delete listing %s at version %d: %v", id, version, err)
	}
	return change
}

func (s shelf) upsert(batch ...property.Property) []ports.Upserted {
	s.t.Helper()
	return s.bring(incoming(batch...)...)
}

// incoming returns the listings as those of a source that has every field.
func incoming(listings ...property.Property) []ports.Incoming {
	batch := make([]ports.Incoming, len(listings))
	for i, p := range listings {
		batch[i].Property = p
	}
	return batch
}

func (s shelf) bring(batch ...ports.Incoming) []ports.Upserted {
	s.t.Helper()
	result, err := s.repo.Upsert(s.t.Context(), batch)
	if err != nil {
		s.t.Fatalf("upsert %d listings: %v", len(batch), err)
	}
	if len(result) != len(batch) {
		s.t.Fatalf("upsert of %d listings returned %d results", len(batch), len(result))
	}
	return result
}

func (s shelf) find(id property.ID) property.Property {
	s.t.Helper()
	p, _, err := s.repo.Find(s.t.Context(), id)
	if err != nil {
		s.t.Fatalf("find listing %s: %v", id, err)
	}
	return p
}

func (s shelf) search(query string) *property.Page {
	s.t.Helper()
	search := s.parse(query)
	return s.page(&search)
}

func (s shelf) page(search *property.Search) *property.Page {
	s.t.Helper()
	page, _, err := s.repo.Search(s.t.Context(), search)
	if err != nil {
		s.t.Fatalf("search %q: %v", search, err)
	}
	if page == nil {
		s.t.Fatalf("search %q returned neither a page nor an error", search)
	}
	return page
}

func (s shelf) parse(query string) property.Search {
	s.t.Helper()
	parameters, err := url.ParseQuery(query)
	if err != nil {
		s.t.Fatalf("the case has an invalid search: %v", err)
	}
	search, err := property.ParseSearch(parameters)
	if err != nil {
		s.t.Fatalf("the case has an invalid search: %v", err)
	}
	return search
}

// wantFound checks which titles a search finds, in any order, and that the count agrees.
func (s shelf) wantFound(query string, titles ...string) {
	s.t.Helper()
	found := titlesOf(s.search(query))
	slices.Sort(found)
	if !slices.Equal(found, titles) {
		s.t.Fatalf("search %q found %q, not %q", query, found, titles)
	}
	filter := s.parse(query).Filter
	count, _, err := s.repo.Count(s.t.Context(), &filter)
	if err != nil || count != int64(len(titles)) {
		s.t.Fatalf("count %q is %d (error %v), not %d", query, count, err, len(titles))
	}
}

// wantOrder checks which titles a search finds, in this order.
func (s shelf) wantOrder(query string, titles ...string) {
	s.t.Helper()
	if found := titlesOf(s.search(query)); !slices.Equal(found, titles) {
		s.t.Fatalf("search %q found %q, not %q", query, found, titles)
	}
}

func titlesOf(page *property.Page) []string {
	titles := make([]string, len(page.Properties))
	for i, p := range page.Properties {
		titles[i] = p.Title
	}
	return titles
}

// wantStored checks that Find and a search return the listing in this state.
func (s shelf) wantStored(want property.Property) {
	s.t.Helper()
	s.wantSame("the listing found", s.find(want.ID), want)
	for _, row := range s.search("limit=500").Properties {
		if row.ID == want.ID {
			s.wantSame("the listing searched", row, want)
			return
		}
	}
	s.t.Fatalf("a search does not find listing %s", want.ID)
}

func (s shelf) wantGone(id property.ID) {
	s.t.Helper()
	_, _, err := s.repo.Find(s.t.Context(), id)
	s.wantError("find a deleted listing", err, property.ErrNotFound)
}

func (s shelf) wantSame(what string, got, want property.Property) {
	s.t.Helper()
	same := got.ID == want.ID && got.Details.Equal(want.Details) && got.Version == want.Version &&
		got.CreatedAt.Equal(want.CreatedAt) && got.UpdatedAt.Equal(want.UpdatedAt)
	if !same {
		s.t.Fatalf("%s is\n%+v\nnot\n%+v", what, got, want)
	}
	if got.CreatedAt.Location() != time.UTC || got.UpdatedAt.Location() != time.UTC {
		s.t.Fatalf("%s has times that are not UTC: %v, %v", what, got.CreatedAt, got.UpdatedAt)
	}
}

func (s shelf) wantError(what string, got, want error) {
	s.t.Helper()
	if !errors.Is(got, want) {
		s.t.Fatalf("%s: the error is %v, not %q", what, got, want)
	}
}

// before returns the Before image of a change, which must be set. The same holds for after.
func (s shelf) before(c property.Change) *property.Property {
	s.t.Helper()
	if c.Before == nil {
		s.t.Fatalf("the %s has no Before image", c.Op)
	}
	return c.Before
}

func (s shelf) after(c property.Change) *property.Property {
	s.t.Helper()
	if c.After == nil {
		s.t.Fatalf("the %s has no After image", c.Op)
	}
	return c.After
}

// wantBefore checks the Before image of a change; it may lack the photos.
func (s shelf) wantBefore(c property.Change, want property.Property) {
	s.t.Helper()
	got := *s.before(c)
	got.Photos, want.Photos = nil, nil
	s.wantSame("the image before", got, want)
}

// wantHeading checks the operation, listing and version of a change.
func (s shelf) wantHeading(c property.Change, op property.Op, id property.ID, version int64) {
	s.t.Helper()
	if c.Op != op || c.ID != id || c.Version != version {
		s.t.Fatalf("the change is %s of %s to version %d, not %s of %s to version %d", c.Op, c.ID, c.Version, op, id, version)
	}
}
