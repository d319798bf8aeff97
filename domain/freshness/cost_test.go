package freshness_test

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

func TestCheckAllocatesNothing(t *testing.T) {
	search, page := cheapest()
	ledger := freshness.NewLedger(1<<16, 1<<30, time.Second)
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	if n := testing.AllocsPerRun(100, func() { ledger.Check(entry) }); n != 0 {
		t.Errorf("without changes it allocates %v times", n)
	}

	entries := make([]*freshness.Entry, 102)
	for i := range entries {
		entries[i] = freshness.NewEntry(
			ledger.Position(), freshness.OnPage(search, page), freshness.OnItem(idOf(1)), freshness.OnCount(&search.Filter))
	}
	for n := range 50 {
		ledger.Append(inserted(land(100+n, 10)), priced(house(200+n, 70), 80))
	}
	next := 0
	n := testing.AllocsPerRun(len(entries)-1, func() {
		if ledger.Check(entries[next]) != freshness.Fresh {
			t.Fatal("an untouched page is not fresh")
		}
		next = min(next+1, len(entries)-1)
	})
	if n != 0 {
		t.Errorf("with a hundred changes that do not touch it allocates %v times", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	search, page := cheapest()
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	b.ReportAllocs()
	for b.Loop() {
		ledger.Check(entry)
	}
}

// BenchmarkCheckAfterWrites tests ten changes for each verdict on a page of 20. The last of them touches it: a
// fresh entry would advance and have nothing to test the next time.
func BenchmarkCheckAfterWrites(b *testing.B) {
	search, _ := cheapest()
	search.Limit = 20
	page := &property.Page{}
	for n := range 20 {
		page.Properties = append(page.Properties, house(n, 30))
	}
	ledger := newLedger()
	entry := freshness.NewEntry(ledger.Position(), freshness.OnPage(search, page))
	for n := range 9 {
		ledger.Append(inserted(house(100+n, 70)))
	}
	ledger.Append(inserted(house(200, 20)))
	b.ReportAllocs()
	for b.Loop() {
		if ledger.Check(entry) != freshness.Stale {
			b.Fatal("a touched page is not stale")
		}
	}
}

// BenchmarkMapLookup is the yardstick for Check: a lookup in a map.
func BenchmarkMapLookup(b *testing.B) {
	cached := map[string]*property.Page{}
	keys := make([]string, 10_000)
	for n := range keys {
		keys[n] = "kind=house&max_price=" + idOf(n).String()
		cached[keys[n]] = &property.Page{}
	}
	next := 0
	b.ReportAllocs()
	for b.Loop() {
		next = (next + 1) % len(keys)
		if cached[keys[next]] == nil {
			b.Fatal("lost")
		}
	}
}
