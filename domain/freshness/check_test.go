package freshness_test

import (
	"testing"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// cheapest returns the search for the two cheapest houses up to 100, and its page: houses 1 and 2 at 30 and 50.
func cheapest() (search *property.Search, page *property.Page) {
	search = &property.Search{
		Filter: property.Filter{
			Kinds: []property.Kind{property.KindHouse}, Price: property.Range{Max: property.Some(property.Decimal(100))},
		},
		Sort: property.Sort{Key: property.SortPrice}, Limit: 2,
	}
	return search, &property.Page{Properties: []property.Property{house(1, 30), house(2, 50)}}
}

func land(n int, price property.Decimal) property.Property {
	p := house(n, price)
	p.Kind = property.KindLand
	return p
}

func TestAPageIsTouchedByExactlyTheChangesThatMayAlterIt(t *testing.T) {
	search, page := cheapest()
	one, two := page.Properties[0], page.Properties[1]
	sold := property.Deleted(0, two, birth)
	cases := map[string]struct {
		change property.Change
		want   freshness.Verdict
	}{
		"a shown listing is edited":                       {priced(one, 31), freshness.Stale},
		"a shown listing leaves the filter":               {priced(two, 101), freshness.Stale},
		"a shown listing is removed":                      {sold, freshness.Stale},
		"a listing appears inside the window":             {inserted(house(3, 40)), freshness.Stale},
		"a listing moves into the window":                 {priced(house(3, 90), 10), freshness.Stale},
		"a listing appears behind a full page's last row": {inserted(house(3, 60)), freshness.Fresh},
		"a listing ties with the last row, behind it":     {inserted(house(3, 50)), freshness.Fresh},
		"a listing of another kind appears in the window": {inserted(land(3, 40)), freshness.Fresh},
		"a listing that was never shown is removed":       {property.Deleted(0, house(3, 60), birth), freshness.Fresh},
		"a listing leaves another part of the order":      {priced(house(3, 90), 80), freshness.Fresh},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ledger := newLedger()
			entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
			ledger.Append(c.change)
			wantVerdict(t, ledger.Check(entry), c.want)
		})
	}
}

func TestAPageThatIsNotFullHasNoEnd(t *testing.T) {
	search, page := cheapest()
	search.Limit = 3
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	ledger.Append(inserted(house(3, 101)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	ledger.Append(inserted(house(4, 99)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
}

func TestAnEmptyPageIsTouchedByTheFirstListingThatMatches(t *testing.T) {
	search, _ := cheapest()
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, &property.Page{}))
	ledger.Append(inserted(land(3, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	ledger.Append(inserted(house(4, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
}

func TestALaterPageIsNotTouchedByWhatHappensBeforeItsCursor(t *testing.T) {
	search, page := cheapest()
	search.After = property.Some(property.SortPosition{Key: 20, ID: idOf(9)})
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	ledger.Append(inserted(house(3, 10)), priced(house(9, 70), 20))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	ledger.Append(inserted(house(4, 21)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
}

func TestAnUncertainMatchTouches(t *testing.T) {
	search := &property.Search{Filter: property.Filter{Location: "ⱡ"}, Sort: property.DefaultSort, Limit: 5}
	uncertain := house(1, 10)
	uncertain.Location = "Ⱡ"
	change := inserted(uncertain)

	ledger := newLedger()
	at := ledger.Position()
	ledger.Append(change)
	wantVerdict(t, ledger.Check(freshness.NewEntry(at, freshness.OnPage(search, &property.Page{}))), freshness.Stale)
	wantVerdict(t, ledger.Check(freshness.NewEntry(at, freshness.OnCount(&search.Filter))), freshness.Stale)
	_, _, verdict := ledger.PatchPage(search, &property.Page{}, at)
	wantVerdict(t, verdict, freshness.Stale)
}

func TestACountIsTouchedWhenExactlyOneImageMatches(t *testing.T) {
	filter := &property.Filter{Kinds: []property.Kind{property.KindHouse}}
	was := house(1, 10)
	becomes := land(1, 10)
	becomes.Version = 2
	bare := priced(was, 20)
	bare.Before = nil
	cases := map[string]struct {
		change property.Change
		want   freshness.Verdict
	}{
		"a match appears":               {inserted(was), freshness.Stale},
		"a match goes":                  {property.Deleted(0, was, birth), freshness.Stale},
		"a match stops matching":        {property.Updated(0, was, becomes), freshness.Stale},
		"a match remains":               {priced(was, 20), freshness.Fresh},
		"another listing appears":       {inserted(land(1, 10)), freshness.Fresh},
		"another listing goes":          {property.Deleted(0, land(1, 10), birth), freshness.Fresh},
		"the state before is not known": {bare, freshness.Stale},
		"the removed listing is not known": {property.Change{Op: property.OpDelete, ID: idOf(1), Version: 2},
			freshness.Stale},
		"the new listing is absent": {property.Change{Op: property.OpInsert, ID: idOf(1), Version: 1},
			freshness.Stale},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ledger := newLedger()
			at := ledger.Position()
			ledger.Append(c.change)
			_, verdict := ledger.CheckCount(filter, at)
			wantVerdict(t, verdict, c.want)
		})
	}
}

func TestAnItemIsTouchedByItsOwnChangesOnly(t *testing.T) {
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(1)))
	ledger.Append(inserted(house(2, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	ledger.Append(inserted(house(1, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
}

func TestAnAnswerIsTouchedThroughAnyOfItsDependencies(t *testing.T) {
	search, page := cheapest()
	for _, dependency := range []freshness.Dependency{
		freshness.OnItem(idOf(3)), freshness.OnPage(search, page), freshness.OnCount(&search.Filter),
	} {
		ledger := newLedger()
		entry := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(77)), dependency)
		ledger.Append(inserted(house(3, 40)))
		wantVerdict(t, ledger.Check(entry), freshness.Stale)
	}
}

func TestAChangeJudgedOnceMovesTheEntryOn(t *testing.T) {
	search, page := cheapest()
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	ledger.Append(inserted(land(3, 10)), inserted(land(4, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	if entry.Position() != ledger.Position() {
		t.Errorf("the entry is at %d, the ledger at %d", entry.Position(), ledger.Position())
	}
}

func TestAnEntryFoundStaleStaysStale(t *testing.T) {
	search, page := cheapest()
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	ledger.Append(inserted(land(3, 10)), inserted(house(4, 10)), inserted(land(5, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
}

func TestAnAnswerLoadedDuringAChangeIsJudgedByIt(t *testing.T) {
	ledger := newLedger()
	at := ledger.Position()               // 1. a reader takes the position
	ledger.Append(inserted(house(1, 10))) // 2. a listing is made
	entry := freshness.NewEntry(at, freshness.OnItem(idOf(1)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale) // 3. the load may have missed it
}

func TestAnItemIsBroughtToItsNewestState(t *testing.T) {
	ledger := newLedger()
	first := house(1, 10)
	second := priced(first, 20)
	third := priced(*second.After, 30)
	at := ledger.Position()
	ledger.Announce(third)
	ledger.Append(second) // by another writer, before the own write
	for name, cached := range map[string]*property.Property{"present": &first, "absent": nil} {
		got, now, verdict := ledger.PatchItem(idOf(1), cached, at)
		if verdict != freshness.Fresh || got == nil || got.Price != 30 || now != ledger.Position() {
			t.Errorf("cached as %s: got %+v, %v, at %d; want version 3 at 30", name, got, verdict, now)
		}
	}
}

func TestAnItemLoadedNewerThanTheLedgerKnowsIsLeftAlone(t *testing.T) {
	ledger := newLedger()
	at := ledger.Position()
	loaded := house(1, 70)
	loaded.Version = 7
	ledger.Append(priced(house(1, 10), 20))
	got, _, verdict := ledger.PatchItem(idOf(1), &loaded, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if got != &loaded {
		t.Errorf("version 7 was replaced by %+v", got)
	}
}

func TestAPageLoadedNewerThanTheLedgerKnowsIsLeftAlone(t *testing.T) {
	search, page := cheapest()
	page.Properties[0].Version = 7
	ledger := newLedger()
	at := ledger.Position()
	ledger.Append(priced(house(1, 10), 20))
	got, _, verdict := ledger.PatchPage(search, page, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if got.Properties[0].Version != 7 {
		t.Errorf("version 7 was replaced by %+v", got.Properties[0])
	}
}

func TestAnItemThatIsRemovedBecomesAbsent(t *testing.T) {
	ledger := newLedger()
	at := ledger.Position()
	first := house(1, 10)
	ledger.Append(property.Deleted(0, first, birth))
	got, _, verdict := ledger.PatchItem(idOf(1), &first, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if got != nil {
		t.Errorf("a removed listing is still %+v", got)
	}
}

func TestAPageIsPatchedWithoutTheDatabase(t *testing.T) {
	search, page := cheapest()
	one, two := page.Properties[0], page.Properties[1]
	ledger := newLedger()
	at := ledger.Position()
	ledger.Append(priced(one, 35), inserted(house(3, 40)), inserted(house(4, 60)), property.Deleted(0, house(9, 1), birth))
	got, now, verdict := ledger.PatchPage(search, page, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if now != ledger.Position() || len(got.Properties) != 2 || got.Properties[0].Price != 35 ||
		got.Properties[1].Price != 40 {
		t.Errorf("the page is %+v at %d; want houses at 35 and 40", got.Properties, now)
	}
	if page.Properties[0].Price != 30 || page.Properties[1].ID != two.ID {
		t.Error("the cached page has been written to")
	}
}

func TestAPageThatWouldRunShortIsLoadedAnew(t *testing.T) {
	search, page := cheapest()
	ledger := newLedger()
	at := ledger.Position()
	ledger.Append(property.Deleted(0, page.Properties[0], birth))
	_, _, verdict := ledger.PatchPage(search, page, at)
	wantVerdict(t, verdict, freshness.Stale)
}

func TestAPageTakesTheNewestStateAndNeverAnOlderOne(t *testing.T) {
	search, page := cheapest()
	second := priced(house(3, 90), 20) // brings house 3 onto the page
	third := priced(*second.After, 95) // and away again
	ledger := newLedger()
	at := ledger.Position()
	ledger.Announce(third)
	ledger.Append(second) // by another writer, before the own write
	got, _, verdict := ledger.PatchPage(search, page, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if len(got.Properties) != 2 || got.Properties[0].ID != idOf(1) {
		t.Errorf("the page is %+v; house 3 has left it", got.Properties)
	}
}

func TestPatchingTwiceIsPatchingOnce(t *testing.T) {
	search, page := cheapest()
	ledger := newLedger()
	at := ledger.Position()
	ledger.Append(inserted(house(3, 40)))
	once, _, _ := ledger.PatchPage(search, page, at)
	twice, _, verdict := ledger.PatchPage(search, once, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if twice != once {
		t.Errorf("a page that had seen the change became %+v", twice.Properties)
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	for verdict, name := range map[freshness.Verdict]string{
		freshness.Unknown: "unknown", freshness.Stale: "stale", freshness.Fresh: "fresh",
	} {
		if verdict.String() != name {
			t.Errorf("%d is called %q", verdict, verdict)
		}
	}
}
