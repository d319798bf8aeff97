package freshness_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// birth is the creation time of every listing in these tests.
var birth = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

// idOf is the id of the listing with that number.
func idOf(n int) property.ID {
	return property.ID{12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// house is a house with that number at that price, version 1.
func house(n int, price property.Decimal) property.Property {
	return property.Property{
		ID:      idOf(n),
		Details: property.Details{Title: "House", Price: price, Location: "Leeds", Kind: property.KindHouse},
		Version: 1, CreatedAt: birth, UpdatedAt: birth,
	}
}

// priced is the change from a listing to its next version at another price.
func priced(before property.Property, price property.Decimal) property.Change {
	after := before
	after.Price, after.Version = price, before.Version+1
	return property.Updated(0, before, after)
}

func inserted(p property.Property) property.Change { return property.Inserted(0, p) }

func newLedger() *freshness.Ledger { return freshness.NewLedger(100, 1<<30, time.Second) }

func wantVerdict(t *testing.T, got, want freshness.Verdict) {
	t.Helper()
	if got != want {
		t.Fatalf("the verdict is %v, want %v", got, want)
	}
}

func TestAChangeAndItsEchoCountOnce(t *testing.T) {
	ledger := newLedger()
	change := inserted(house(1, 10))
	ledger.Append(change)
	after := ledger.Position()
	ledger.Append(change)
	ledger.Append(change, change)
	if ledger.Position() != after {
		t.Errorf("the echo moved the ledger from %d to %d", after, ledger.Position())
	}
}

func TestTheEchoOfAChangeLeavesACountThatIncludesItAlone(t *testing.T) {
	ledger := newLedger()
	own := inserted(house(1, 10))
	ledger.Append(own)
	at := ledger.Position() // the count is loaded now, and its load sees the listing
	ledger.Append(own)
	_, verdict := ledger.CheckCount(&property.Filter{}, at)
	wantVerdict(t, verdict, freshness.Fresh)
}

func TestAnotherVersionOrOperationIsNotAnEcho(t *testing.T) {
	ledger := newLedger()
	first := house(1, 10)
	change := priced(first, 20)
	removal := property.Deleted(0, first, birth) // version 2 as well
	ledger.Append(inserted(first), change, removal, priced(*change.After, 10), inserted(house(2, 10)))
	if got := ledger.Position(); got != 5 {
		t.Errorf("%d of five changes were counted", got)
	}
}

func TestAResetMakesCachedAnswersUnknown(t *testing.T) {
	resets := map[string]func(*freshness.Ledger){
		"by the feed":  func(l *freshness.Ledger) { l.Append(property.Change{Op: property.OpReset}) },
		"by a restart": func(l *freshness.Ledger) { l.Restart(freshness.Point{}, freshness.Point{}) },
		"between changes": func(l *freshness.Ledger) {
			l.Append(inserted(house(8, 1)),
				property.Change{Op: property.OpReset})
		},
		"after which more happens": func(l *freshness.Ledger) {
			l.Restart(freshness.Point{}, freshness.Point{})
			l.Append(inserted(house(8, 1)))
		},
	}
	for name, reset := range resets {
		t.Run(name, func(t *testing.T) {
			ledger := newLedger()
			ledger.Append(inserted(house(1, 10)))
			at := ledger.Position()
			search, page, filter := &property.Search{Limit: 5}, &property.Page{}, &property.Filter{}
			reset(ledger)
			wantVerdict(t, ledger.Check(freshness.NewEntry(at, freshness.OnItem(idOf(1)))), freshness.Unknown)
			wantVerdict(t, ledger.Check(freshness.NewEntry(at, freshness.OnPage(search, page))), freshness.Unknown)
			_, _, verdict := ledger.PatchPage(search, page, at)
			wantVerdict(t, verdict, freshness.Unknown)
			_, _, verdict = ledger.PatchItem(idOf(1), nil, at)
			wantVerdict(t, verdict, freshness.Unknown)
			_, verdict = ledger.CheckCount(filter, at)
			wantVerdict(t, verdict, freshness.Unknown)
		})
	}
}

func TestAnswersLoadedAfterAResetAreJudgedAsBefore(t *testing.T) {
	ledger := newLedger()
	ledger.Append(inserted(house(1, 10)))
	ledger.Restart(freshness.Point{}, freshness.Point{})
	entry := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(1)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	ledger.Append(inserted(house(2, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
	ledger.Append(inserted(house(1, 10))) // the echo of a change that the reset erased counts again
	wantVerdict(t, ledger.Check(entry), freshness.Stale)
}

func TestAfterAResetAListingMayBeginAgainAtALowerVersion(t *testing.T) {
	ledger := newLedger()
	ledger.Append(priced(house(1, 10), 20))              // version 2
	ledger.Restart(freshness.Point{}, freshness.Point{}) // the table is truncated
	at := ledger.Position()
	ledger.Append(inserted(house(1, 30))) // and the listing is inserted again
	got, _, verdict := ledger.PatchItem(idOf(1), nil, at)
	wantVerdict(t, verdict, freshness.Fresh)
	if got == nil || got.Price != 30 {
		t.Errorf("the listing is %+v, want the one inserted after the reset", got)
	}
}

func TestEvictionMakesOldAnswersUnknownAndNotNewerOnes(t *testing.T) {
	ledger := freshness.NewLedger(3, 1<<30, time.Second)
	old := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(50)))
	ledger.Append(inserted(house(1, 10)))
	newer := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(50)))
	touched := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(2)))
	ledger.Append(inserted(house(2, 10)), inserted(house(3, 10)), inserted(house(4, 10)))
	wantVerdict(t, ledger.Check(old), freshness.Unknown)
	wantVerdict(t, ledger.Check(newer), freshness.Fresh)
	wantVerdict(t, ledger.Check(touched), freshness.Stale)
}

// When the bytes are used up the oldest changes go, as many as the new one needs.
func TestALedgerIsBoundedInBytes(t *testing.T) {
	change := inserted(house(1, 10))
	ledger := freshness.NewLedger(100, 4*int64(change.Weight()), time.Second)
	elsewhere := func() *freshness.Entry { return freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(50))) }
	old := elsewhere()
	ledger.Append(inserted(house(1, 10)), inserted(house(2, 10)))
	newer := elsewhere()
	ledger.Append(inserted(house(3, 10)), inserted(house(4, 10)))
	wantVerdict(t, ledger.Check(freshness.NewEntry(0, freshness.OnItem(idOf(50)))), freshness.Fresh)
	large := house(5, 10)
	large.Description = strings.Repeat("l", change.Weight())
	ledger.Append(inserted(large))
	wantVerdict(t, ledger.Check(old), freshness.Unknown)
	wantVerdict(t, ledger.Check(newer), freshness.Fresh)
	for n := range 1_000 {
		p := house(n%7, 10)
		p.Version, p.Description = int64(10+n), strings.Repeat("d", n*7%change.Weight())
		ledger.Append(priced(p, 20))
		if f := ledger.Figures(); f.Bytes > f.MaxBytes || f.Length == 0 {
			t.Fatalf("after %d changes the ledger remembers %d of %d bytes", n+1, f.Length, f.Bytes)
		}
	}
}

func TestAnAnswerJudgedInTimeOutlivesTheRing(t *testing.T) {
	ledger := freshness.NewLedger(3, 1<<30, time.Second)
	entry := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(50)))
	for n := range 100 {
		ledger.Append(inserted(house(n, 10)))
		want := freshness.Fresh
		if n >= 50 {
			want = freshness.Stale
		}
		if n > 52 {
			want = freshness.Unknown
		}
		wantVerdict(t, ledger.Check(entry), want)
	}
}

func TestAForgottenChangeThatComesAgainCountsAgain(t *testing.T) {
	ledger := freshness.NewLedger(2, 1<<30, time.Second)
	first := inserted(house(1, 10))
	ledger.Append(first, inserted(house(2, 10)), inserted(house(3, 10)))
	before := ledger.Position()
	ledger.Append(first)
	if ledger.Position() != before+1 {
		t.Error("a forgotten change was taken for an echo")
	}
}

func TestALedgerRemembersAtLeastOneChange(t *testing.T) {
	ledger := freshness.NewLedger(0, 1<<30, time.Second)
	entry := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(9)))
	ledger.Append(inserted(house(1, 10)))
	wantVerdict(t, ledger.Check(entry), freshness.Fresh)
}

func TestFiguresSayHowMuchIsRemembered(t *testing.T) {
	ledger := freshness.NewLedger(3, 1<<30, time.Second)
	for n := range 5 {
		ledger.Append(inserted(house(n, 10)))
	}
	change := inserted(house(1, 10))
	want := freshness.Figures{
		Position: 5, Length: 3, Capacity: 3, Bytes: 3 * int64(change.Weight()), MaxBytes: 1 << 30, Evicted: 2,
	}
	if got := ledger.Figures(); got != want {
		t.Errorf("figures are %+v, want %+v", got, want)
	}
	ledger.Restart(freshness.Point{}, freshness.Point{})
	if got := ledger.Figures(); got.Length != 0 || got.Position != 6 || got.Bytes != 0 {
		t.Errorf("after a reset figures are %+v", got)
	}
}

func TestForgottenChangesTakeNoMemory(t *testing.T) {
	ledger := freshness.NewLedger(100, 1<<30, time.Second)
	before := heap()
	for n := range 100_000 {
		ledger.Append(inserted(house(n, 10)))
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("a ledger of 100 changes takes %d bytes after 100,000", grown)
	}
	runtime.KeepAlive(ledger)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestALedgerIsTrustedOnlyWhileTheFeedIsConfirmed(t *testing.T) {
	ledger := newLedger()
	now := time.Now()
	if ledger.Trusted(now) || !ledger.ConfirmedAt().IsZero() {
		t.Error("a ledger is trusted before the feed is confirmed")
	}
	ledger.Confirm(now)
	if !ledger.Trusted(now) || !ledger.Trusted(now.Add(time.Second)) || !ledger.ConfirmedAt().Equal(now) {
		t.Error("a ledger is not trusted within the staleness allowed")
	}
	ledger.Append(inserted(house(1, 10))) // a change does not confirm that none is missing
	if ledger.Trusted(now.Add(time.Second + 1)) {
		t.Error("a ledger is trusted although its feed has been silent for too long")
	}
}

func TestALedgerThatRequiresAPollIsTrustedAgainAfterALaterOne(t *testing.T) {
	ledger := newLedger()
	now := time.Now()
	ledger.Confirm(now)
	ledger.RequirePollAfter(now.Add(2))
	ledger.RequirePollAfter(now.Add(1)) // an older moment does not lift the requirement
	if ledger.Trusted(now) || !ledger.ConfirmedAt().Equal(now) {
		t.Error("a ledger is trusted although it may lack an acknowledged change")
	}
	ledger.Confirm(now.Add(1))
	if ledger.Trusted(now.Add(3)) {
		t.Error("a poll that began before the required moment confirms the ledger")
	}
	ledger.Confirm(now.Add(2))
	if !ledger.Trusted(now.Add(3)) {
		t.Error("a poll that began after the required moment does not confirm the ledger")
	}
}

// TestNoReaderGetsWhatAnAcknowledgedWriteHasReplaced runs writers and readers in every order that the scheduler
// finds. A writer stores a version, appends it to the ledger and acknowledges it. A reader that knows of the
// acknowledgement must not find an older version fresh.
func TestNoReaderGetsWhatAnAcknowledgedWriteHasReplaced(t *testing.T) {
	const writes = 20_000
	ledger := freshness.NewLedger(64, 1<<30, time.Second)
	var stored, acknowledged atomic.Int64
	search := &property.Search{Limit: 5}
	var readers sync.WaitGroup
	read := func(depend func(version int64) freshness.Dependency) {
		for acknowledged.Load() < writes {
			at := ledger.Position()
			version := stored.Load()
			entry := freshness.NewEntry(at, depend(version))
			for range 20 {
				must := acknowledged.Load()
				if ledger.Check(entry) == freshness.Fresh && version < must {
					t.Errorf("version %d is fresh after version %d was acknowledged", version, must)
					return
				}
			}
		}
	}
	onItem := func(int64) freshness.Dependency { return freshness.OnItem(idOf(1)) }
	onPage := func(int64) freshness.Dependency {
		return freshness.OnPage(search, &property.Page{Properties: []property.Property{house(1, 10)}})
	}
	readers.Go(func() { read(onItem) })
	readers.Go(func() { read(onPage) })
	for version := int64(1); version <= writes; version++ {
		p := house(1, 10)
		p.Version = version
		stored.Store(version)
		ledger.Append(priced(p, 20))
		acknowledged.Store(version)
	}
	readers.Wait()
}
