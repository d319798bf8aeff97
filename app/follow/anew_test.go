package follow

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

func TestALedgerThatBeginsAnewVouchesForNothingCachedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		id := f.add(2)
		if err := f.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := freshness.NewEntry(f.Ledger.Position(), freshness.OnItem(id))
		failing := fmt.Errorf("broken: %w", ports.ErrUnavailable)
		f.feed.bend(func(*ports.FeedPage) error { return failing })
		f.RestartLedger()
		if err := f.CatchUp(t.Context()); err == nil {
			t.Fatal("a broken feed was read")
		}
		f.feed.bend(func(*ports.FeedPage) error { return nil })
		if err := f.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if verdict := f.Ledger.Check(before); verdict != freshness.Unknown {
			t.Errorf("what was cached before is %v", verdict)
		}
		after := freshness.NewEntry(f.Ledger.Position(), freshness.OnItem(id))
		if err := f.CatchUp(t.Context()); err != nil || f.Ledger.Check(after) != freshness.Fresh {
			t.Errorf("it begins anew again: %v, %v", f.Ledger.Check(after), err)
		}
	})
}
