package viewcache

import (
	"fmt"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// interrupted is a ledger that receives a change right after the first question.
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
	ledger := &interrupted{Ledger: freshness.NewLedger(9, 1<<30, time.Hour), change: &appears}
	search := &property.Search{Limit: 5, Sort: property.DefaultSort}
	answer := pageAnswer(ledger, search, &property.Page{}, 0, func(page *property.Page, count int64) Answer {
		return Answer{Body: fmt.Appendf(nil, "%d of %d", len(page.Properties), count)}
	})
	answer, now, patched := answer.Patch(ledger.Position())
	if patched && ledger.Check(freshness.NewEntry(now, answer.Depends...)) == freshness.Fresh {
		t.Errorf("an answer that counts no listing is called true after one has appeared: %s", answer.Body)
	}
}
