package freshness_test

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// knowledge is what a process must know: the newest moment of each listing that has reached it. A listing is
// settled when the database has nothing newer; then every answer must have it exactly right. Of an unsettled
// listing an answer may show any state from the known one onwards, since its load may have seen more than the
// process.
type knowledge struct {
	*database
	floor map[property.ID]int64
}

func newKnowledge(d *database) knowledge {
	k := knowledge{d, map[property.ID]int64{}}
	for id := range d.history {
		k.floor[id] = d.moment(id)
	}
	return k
}

func (k knowledge) learn(id property.ID, moment int64) {
	k.floor[id] = max(k.floor[id], moment)
}

func (k knowledge) settled(id property.ID) bool { return k.moment(id) <= k.floor[id] }

func (k knowledge) allSettled() bool {
	for id := range k.history {
		if !k.settled(id) {
			return false
		}
	}
	return true
}

// shown returns what is wrong with this state of the listing in an answer.
func (k knowledge) shown(p *property.Property) error {
	switch states, moment := k.history[p.ID], momentOf(p); {
	case moment < k.floor[p.ID]:
		return fmt.Errorf("listing %s is shown at moment %d, and known at moment %d", p.ID, moment, k.floor[p.ID])
	case moment >= int64(len(states)) || !reflect.DeepEqual(states[moment], p):
		return fmt.Errorf("listing %s is shown in a state that was never committed: %+v", p.ID, p)
	case k.settled(p.ID) && k.rows[p.ID] == nil:
		return fmt.Errorf("listing %s is shown and was removed", p.ID)
	}
	return nil
}

// question is something that can be asked and cached: a page, an item or a count.
type question interface {
	ask(*database) answer
	dependency(answer) freshness.Dependency
	// refresh brings a cached answer up to date by the ledger alone.
	refresh(*freshness.Ledger, answer, freshness.Position) (answer, freshness.Position, freshness.Verdict)
	// wrong returns what is wrong with this answer now, for a reader that may expect all that the process must know.
	wrong(knowledge, answer) error
}

// answer is a page, an item or a count.
type answer struct {
	page  *property.Page
	item  *property.Property // nil: absent
	count int64
}

type pageOf struct{ search *property.Search }

func (q pageOf) ask(d *database) answer { return answer{page: d.search(q.search)} }

func (q pageOf) dependency(a answer) freshness.Dependency { return freshness.OnPage(q.search, a.page) }

func (q pageOf) refresh(
	l *freshness.Ledger, a answer, at freshness.Position,
) (answer, freshness.Position, freshness.Verdict) {
	page, at, verdict := l.PatchPage(q.search, a.page, at)
	return answer{page: page}, at, verdict
}

func (q pageOf) wrong(k knowledge, a answer) error {
	rows := a.page.Properties
	for i := range rows {
		if err := k.shown(&rows[i]); err != nil {
			return err
		}
		if !belongs(q.search, &rows[i]) {
			return fmt.Errorf("listing %s does not belong on the page", rows[i].ID)
		}
		if i > 0 && q.search.Sort.Compare(q.search.Sort.PositionOf(&rows[i-1]), q.search.Sort.PositionOf(&rows[i])) >= 0 {
			return fmt.Errorf("listing %s is out of order", rows[i].ID)
		}
	}
	if err := q.missing(k, a.page); err != nil {
		return err
	}
	if truth := k.search(q.search); k.allSettled() && !same(answer{page: truth}, a) {
		return fmt.Errorf("all is settled, and the page is %+v, want %+v", rows, truth.Properties)
	}
	return nil
}

// missing finds a settled listing that belongs in the page's window and is not there.
func (q pageOf) missing(k knowledge, page *property.Page) error {
	rows, order := page.Properties, q.search.Sort
	if len(rows) > q.search.Limit {
		return fmt.Errorf("the page has %d rows, want at most %d", len(rows), q.search.Limit)
	}
	weight := 0
	for i := range rows {
		if weight >= property.PageBytes {
			return fmt.Errorf("the page goes on behind row %d, which brings it to %d bytes", i, weight)
		}
		weight += rows[i].Weight()
	}
	open := len(rows) < q.search.Limit && weight < property.PageBytes
	for id, p := range k.rows {
		shown := slices.ContainsFunc(rows, func(row property.Property) bool { return row.ID == id })
		if !k.settled(id) || shown || !belongs(q.search, p) {
			continue
		}
		if open || order.Compare(order.PositionOf(p), order.PositionOf(&rows[len(rows)-1])) < 0 {
			return fmt.Errorf("listing %s is missing from the page", id)
		}
	}
	return nil
}

type itemOf struct{ id property.ID }

func (q itemOf) ask(d *database) answer { return answer{item: d.rows[q.id]} }

func (q itemOf) dependency(answer) freshness.Dependency { return freshness.OnItem(q.id) }

func (q itemOf) refresh(
	l *freshness.Ledger, a answer, at freshness.Position,
) (answer, freshness.Position, freshness.Verdict) {
	item, at, verdict := l.PatchItem(q.id, a.item, at)
	return answer{item: item}, at, verdict
}

func (q itemOf) wrong(k knowledge, a answer) error {
	if a.item != nil {
		return k.shown(a.item)
	}
	if since := k.history[q.id][k.floor[q.id]:]; !slices.Contains(since, nil) {
		return fmt.Errorf("listing %s is absent, but was present since moment %d", q.id, k.floor[q.id])
	}
	return nil
}

type countOf struct{ filter *property.Filter }

func (q countOf) ask(d *database) answer { return answer{count: d.count(q.filter)} }

func (q countOf) dependency(answer) freshness.Dependency { return freshness.OnCount(q.filter) }

func (q countOf) refresh(
	l *freshness.Ledger, a answer, at freshness.Position,
) (answer, freshness.Position, freshness.Verdict) {
	at, verdict := l.CheckCount(q.filter, at)
	return a, at, verdict
}

// wrong accepts a listing in the count if any of its states from the known one onwards matches.
func (q countOf) wrong(k knowledge, a answer) error {
	var least, most int64
	for id, states := range k.history {
		some, all := false, true
		for _, p := range states[k.floor[id]:] {
			match := matches(q.filter, p)
			some, all = some || match, all && match
		}
		if all {
			least++
		}
		if some {
			most++
		}
	}
	if a.count < least || a.count > most {
		return fmt.Errorf("the count is %d, want %d to %d", a.count, least, most)
	}
	return nil
}
