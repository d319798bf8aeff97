package api

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// interrupted is a ledger that is told of a change right after the first question it is asked.
type interrupted struct {
	*freshness.Ledger
	change *property.Change
}

func (i *interrupted) interrupt() {
	if c := i.change; c != nil {
		i.change = nil
		i.Append(*c)
	}
}

func (i *interrupted) PatchPage(
	s *property.Search, page *property.Page, at freshness.Position,
) (*property.Page, freshness.Position, freshness.Verdict) {
	defer i.interrupt()
	return i.Ledger.PatchPage(s, page, at)
}

func (i *interrupted) CheckCount(f *property.Filter, at freshness.Position) (freshness.Position, freshness.Verdict) {
	defer i.interrupt()
	return i.Ledger.CheckCount(f, at)
}

// A listing appears while a page with a count is being patched: between its two halves.
func TestAPatchedPageAndItsCountAreOfOneMoment(t *testing.T) {
	house := property.Property{ID: property.ID{15: 1}, Version: 1, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0)}
	appears := property.Inserted(1, house)
	ledger := &interrupted{Ledger: freshness.NewLedger(9, time.Hour), change: &appears}
	a := New(Options{Ledger: ledger})
	search := &searchRequest{count: true}
	search.Limit, search.Sort = 5, property.DefaultSort
	answer, now, patched := a.patchPage(search, &property.Page{}, 0, ledger.Position())
	if patched && ledger.Check(freshness.NewEntry(now, answer.Depends...)) == freshness.Fresh {
		t.Errorf("an answer that counts no listing is called true after one has appeared: %s", answer.Body)
	}
}
