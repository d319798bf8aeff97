package freshness_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

func TestAnExplanationNamesTheChangesBetweenAnswerAndLedger(t *testing.T) {
	search, page := cheapest()
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	ledger.Append(inserted(house(3, 40)), inserted(land(4, 10)), inserted(house(5, 60)))

	x := ledger.Explain(entry, 10)
	if x.Verdict != freshness.Stale || x.At != 0 || x.Head != 3 || x.Touching != 1 || len(x.Recent) != 3 {
		t.Fatalf("explained as %+v", x)
	}
	for i, want := range []freshness.CheckedChange{
		{Position: 3, Change: inserted(house(5, 60))}, {Position: 2, Change: inserted(land(4, 10))},
		{Position: 1, Change: inserted(house(3, 40)), Touches: true},
	} {
		got := x.Recent[i]
		if got.Position != want.Position || got.Change.ID != want.Change.ID || got.Touches != want.Touches {
			t.Errorf("change %d is %+v, want %+v", i, got, want)
		}
	}
	if few := ledger.Explain(entry, 1); len(few.Recent) != 1 || !few.Recent[0].Touches || few.Touching != 1 {
		t.Errorf("with room for one change the touching one is left out: %+v", few)
	}
	if entry.Position() != 0 {
		t.Errorf("explaining has moved the entry to %d", entry.Position())
	}
}

func TestAnAnswerOlderThanTheLedgerIsExplainedAsUnknown(t *testing.T) {
	ledger := freshness.NewLedger(2, 1<<30, time.Second)
	entry := freshness.NewEntry(ledger.Position(), freshness.OnItem(idOf(1)))
	ledger.Append(inserted(house(1, 10)), inserted(house(2, 10)), inserted(house(3, 10)))
	if x := ledger.Explain(entry, 5); x.Verdict != freshness.Unknown || x.Head-x.At != 3 || x.Touching != 0 ||
		len(x.Recent) != 2 {
		t.Errorf("explained as %+v", x)
	}
}

// TestExplainAndCheckAgree compares Explain with Check, for every entry at every step of random histories. It also
// checks each named change against a ledger that has only that change.
func TestExplainAndCheckAgree(t *testing.T) {
	var seen [3]int
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		d := newDatabase(random)
		ledger := freshness.NewLedger([]int{4, 12, 100}[random.IntN(3)], 1<<30, time.Second)
		logged := len(d.log)
		var entries []*freshness.Entry
		var depends [][]freshness.Dependency
		for range 60 {
			switch dice := random.IntN(100); {
			case dice < 45:
				d.begin(-1)
			case dice < 85:
				d.end()
			case dice < 87:
				d.bulk()
			case dice < 88:
				here := d.point()
				ledger.Restart(here, here)
			default:
				deps := randomDependencies(d)
				entries, depends = append(entries, freshness.NewEntry(ledger.Position(), deps...)), append(depends, deps)
			}
			for ; logged < len(d.log); logged++ {
				ledger.Append(d.log[logged].change)
			}
			for i, e := range entries {
				if err := agree(ledger, e, depends[i], 1+random.IntN(4), &seen); err != nil {
					t.Fatalf("history %d: %v", seed, err)
				}
			}
		}
	}
	if slices.Min(seen[:]) < 1_000 {
		t.Errorf("only %d unknown, %d stale and %d fresh answers with changes behind them", seen[0],
			seen[1], seen[2])
	}
}

func randomDependencies(d *database) []freshness.Dependency {
	search := d.randomSearch()
	all := []freshness.Dependency{
		freshness.OnPage(search, d.search(search)), freshness.OnCount(&d.randomSearch().Filter),
		freshness.OnItem(idOf(d.random.IntN(listings))),
	}
	d.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+d.random.IntN(2)]
}

// agree explains and checks an entry, and returns how the two differ.
func agree(l *freshness.Ledger, e *freshness.Entry, deps []freshness.Dependency, most int, seen *[3]int) error {
	before := e.Position()
	x := l.Explain(e, most)
	if e.Position() != before {
		return fmt.Errorf("explaining moved the entry from %d to %d", before, e.Position())
	}
	if verdict := l.Check(e); x.Verdict != verdict {
		return fmt.Errorf("explained as %v, checked as %v", x.Verdict, verdict)
	}
	if x.At != x.Head {
		seen[x.Verdict]++
	}
	touching := slices.ContainsFunc(x.Recent, func(c freshness.CheckedChange) bool { return c.Touches })
	if (x.Verdict == freshness.Stale) != (x.Touching > 0) || x.Verdict != freshness.Unknown &&
		touching != (x.Touching > 0) {
		return fmt.Errorf("%v, with %d touching changes and %+v listed", x.Verdict, x.Touching, x.Recent)
	}
	if len(x.Recent) > most || x.Verdict != freshness.Unknown && len(x.Recent) != min(most, int(x.Head-x.At)) {
		return fmt.Errorf("%d changes listed of %d, want at most %d", len(x.Recent), x.Head-x.At, most)
	}
	for _, c := range x.Recent {
		alone := newLedger()
		entry := freshness.NewEntry(alone.Position(), deps...)
		alone.Append(c.Change)
		if touches := alone.Check(entry) == freshness.Stale; touches != c.Touches {
			return fmt.Errorf("%+v: touches is %t, want %t", c.Change, c.Touches, touches)
		}
	}
	return nil
}

func TestDependenciesAreSaidInWords(t *testing.T) {
	search, page := cheapest()
	short := *search
	short.Limit = 3
	every := &property.Search{Sort: property.DefaultSort, Limit: property.DefaultLimit}
	entry := freshness.NewEntry(0, freshness.OnItem(idOf(1)), freshness.OnPage(search, page),
		freshness.OnPage(&short, page),
		freshness.OnPage(every, &property.Page{}), freshness.OnCount(&search.Filter), freshness.OnCount(&every.Filter))
	want := []string{
		"the listing 00000000-0000-0000-0000-000000000001, or that there is none",
		"the page of 2 for kind=house&max_price=1&sort=price&limit=2: " +
			"the listings that it shows, and any that would come before the last of them",
		"the page of 2 for kind=house&max_price=1&sort=price&limit=3: " +
			"the listings that it shows, and any other that would match",
		"the page of 0 for all listings: the listings that it shows, and any other that would match",
		"how many listings match kind=house&max_price=1",
		"how many listings there are",
	}
	if got := entry.Depends(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
