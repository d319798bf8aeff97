package viewcache

import (
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// NoCount is the count of a search that does not ask for one.
const NoCount = -1

// PageAnswer renders the page of a search and the number of all matching listings (NoCount: not asked for). The answer
// includes what it depends on and how to make it again when that changes. render may be called at any later time.
func (c *Cache) PageAnswer(
	s *property.Search, page *property.Page, count int64, render func(*property.Page, int64) Answer,
) Answer {
	return pageAnswer(c.ledger, s, page, count, render)
}

// patcher is the part of the ledger that turns what was current at a position into what is current now. A test puts
// changes between its answers.
type patcher interface {
	PatchPage(*property.Search, *property.Page, freshness.Position) (*property.Page, freshness.Position, freshness.Verdict)
	CheckCount(*property.Filter, freshness.Position) (freshness.Position, freshness.Verdict)
}

func pageAnswer(
	p patcher, s *property.Search, page *property.Page, count int64, render func(*property.Page, int64) Answer,
) Answer {
	answer := render(page, count)
	answer.Depends = append(answer.Depends, freshness.OnPage(s, page))
	if count != NoCount {
		answer.Depends = append(answer.Depends, freshness.OnCount(&s.Filter))
	}
	answer.Patch = func(at freshness.Position) (Answer, freshness.Position, bool) {
		current, now, verdict := p.PatchPage(s, page, at)
		if verdict == freshness.Fresh && count != NoCount {
			// A count can only stay the same. It is checked after the page, so that no change up to the position of
			// the answer can come between the two.
			_, verdict = p.CheckCount(&s.Filter, at)
		}
		if verdict != freshness.Fresh {
			return Answer{}, at, false
		}
		return pageAnswer(p, s, current, count, render), now, true
	}
	return answer
}

// ItemAnswer renders a listing. The answer includes what it depends on, and how to make it again when the listing has
// been changed but not deleted. render may be called at any later time.
func (c *Cache) ItemAnswer(listing *property.Property, render func(*property.Property) Answer) Answer {
	answer := render(listing)
	answer.Depends = append(answer.Depends, freshness.OnItem(listing.ID))
	answer.Patch = func(at freshness.Position) (Answer, freshness.Position, bool) {
		current, now, verdict := c.ledger.PatchItem(listing.ID, listing, at)
		if verdict != freshness.Fresh || current == nil {
			return Answer{}, at, false
		}
		return c.ItemAnswer(current, render), now, true
	}
	return answer
}
