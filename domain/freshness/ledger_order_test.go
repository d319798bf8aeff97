package freshness_test

import (
	"testing"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// insertedAgain is the insert of an id by a writer with an old snapshot that does not see its past: version 1 once
// more.
func insertedAgain(tx uint64, n int, price property.Decimal) property.Change {
	return property.Inserted(tx, house(n, price))
}

func TestTheSameVersionByAnotherTransactionIsNotAnEcho(t *testing.T) {
	ledger := newLedger()
	ledger.Append(property.Inserted(1, house(1, 10)), property.Deleted(2, house(1, 10), birth), insertedAgain(3, 1, 20))
	if got := ledger.Position(); got != 3 {
		t.Fatalf("%d of three changes were counted", got)
	}
	_, verdict := ledger.CheckCount(&property.Filter{}, 2)
	wantVerdict(t, verdict, freshness.Stale) // the count without the listing
	verdict = ledger.Check(freshness.NewEntry(2, freshness.OnItem(idOf(1))))
	wantVerdict(t, verdict, freshness.Stale) // its absence
}

func TestOfAListingThatIsInsertedAgainAtALowerVersionNothingIsPatched(t *testing.T) {
	ledger := newLedger()
	old := house(1, 10)
	search, page := cheapest()
	at := ledger.Position()
	ledger.Append(property.Deleted(2, old, birth), insertedAgain(3, 1, 20))
	for name, cached := range map[string]*property.Property{"the listing as it was": &old, "its absence": nil} {
		_, _, verdict := ledger.PatchItem(idOf(1), cached, at)
		if verdict != freshness.Stale {
			t.Errorf("%s is %v, want stale: versions do not show which state is newer", name, verdict)
		}
	}
	_, _, verdict := ledger.PatchPage(search, page, at)
	wantVerdict(t, verdict, freshness.Stale)
}

func TestOfOneTransactionTheLaterChangeWins(t *testing.T) {
	ledger := newLedger()
	gone := house(1, 10)
	gone.Version = 3
	back := house(1, 10)
	back.Version = 3
	ledger.Append(property.Deleted(7, gone, birth), property.Inserted(7, back)) // versions 4 and 3
	entry := freshness.NewEntry(0, freshness.OnItem(idOf(1)))
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
	if current, _, verdict := ledger.PatchItem(idOf(1), &gone, 0); verdict == freshness.Fresh && current == nil {
		t.Error("a listing that was deleted and inserted by one statement is absent")
	}
}

func TestAnOwnChangeOverAnUnknownStateIsNotOrderedByItsVersion(t *testing.T) {
	ledger := newLedger()
	old := house(1, 10)
	old.Version = 3
	at := ledger.Position() // 1. version 3 is cached; others delete the listing and insert it at version 1
	own := priced(house(1, 20), 30)
	own.Tx, own.BeforeTx = 9, 8 // 2. this process makes that version 2, before the feed delivers the others' changes
	ledger.Announce(own)
	_, _, verdict := ledger.PatchItem(idOf(1), &old, at)
	wantVerdict(t, verdict, freshness.Stale) // 3. version 3 is not newer than version 2
}

func TestAnOlderChangeOfTheFeedDoesNotReplaceAnOwnOneNotYetDelivered(t *testing.T) {
	ledger := newLedger()
	first := house(1, 10)
	second := priced(first, 20)
	third := priced(*second.After, 30)
	second.Tx, third.Tx = 5, 6
	at := ledger.Position()
	ledger.Announce(third)
	ledger.Append(second)
	if got, _, verdict := ledger.PatchItem(idOf(1), nil, at); verdict != freshness.Fresh || got.Price != 30 {
		t.Errorf("the listing is %+v, %v, want version 3 at 30", got, verdict)
	}
	ledger.Append(third)
	fourth := priced(*third.After, 40)
	fourth.Tx = 7
	ledger.Append(fourth) // nothing is pending any more: the feed goes on
	got, _, verdict := ledger.PatchItem(idOf(1), nil, at)
	if verdict != freshness.Fresh || got == nil || got.Price != 40 {
		t.Errorf("the listing is %+v, %v, want version 4 at 40", got, verdict)
	}
}

// An answer loaded after the order was unknown has seen every change until then, so versions order what comes
// later.
func TestAfterAnUnknownOrderListingsArePatchedAgain(t *testing.T) {
	ledger := newLedger()
	back := insertedAgain(3, 1, 20)
	ledger.Append(property.Deleted(2, house(1, 10), birth), back)
	at := ledger.Position()
	blind := priced(*back.After, 30)
	blind.Tx, blind.BeforeTx, blind.Version = 9, 8, 7 // versions up to 6 are not known here
	blind.After.Version = 7
	ledger.Announce(blind)
	wantPatched := func(
		cached *property.Property, at freshness.Position, want freshness.Verdict, price property.Decimal,
	) {
		t.Helper()
		got, _, verdict := ledger.PatchItem(idOf(1), cached, at)
		if verdict != want || want == freshness.Fresh && (got == nil || got.Price != price) {
			t.Errorf("the listing is %+v, %v, want %v at %v", got, verdict, want, price)
		}
	}
	wantPatched(back.After, at, freshness.Stale, 0)
	at = ledger.Position()
	ledger.Append(blind) // its echo
	last := priced(*blind.After, 40)
	last.Tx = 10
	ledger.Append(last)
	wantPatched(blind.After, at, freshness.Fresh, 40)
	search, page := cheapest()
	if _, _, verdict := ledger.PatchPage(search, page, at); verdict != freshness.Fresh {
		t.Errorf("a page loaded after the unknown order is %v", verdict)
	}
}
