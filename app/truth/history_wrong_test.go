//go:build unix

package truth

import (
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// fabricated returns a history in which listing 0 got version 2 after one second and version 3 after five. Listing 1
// was deleted after two seconds.
func fabricated(t *testing.T) *chronicle {
	t.Helper()
	c := newChronicle(2)
	for _, s := range []struct {
		listing, version, price int
		at                      time.Duration
	}{
		{0, 1, 100, 0}, {0, 2, 250, time.Second}, {0, 3, 300, 5 * time.Second},
		{1, 1, 120, 0}, {1, 2, absentPrice, 2 * time.Second},
	} {
		if err := c.listings[s.listing].learn(s.version, s.price, 0, s.at); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestTheCheckerObjectsToEveryKindOfWrongAnswer(t *testing.T) {
	item := func(began time.Duration, version, price int) observation {
		return observation{item: 0, began: began, ended: began + time.Millisecond, status: 200, count: -1,
			shown: []showing{{0, version, price, 0}}}
	}
	page := func(began time.Duration, low, high, count int, shown ...showing) observation {
		return observation{item: -1, low: low, high: high, began: began, ended: began + time.Millisecond, status: 200,
			count: count, shown: shown}
	}
	with := func(o observation, change func(*observation)) observation { change(&o); return o }
	for name, c := range map[string]struct {
		observation
		want string // "" if nothing is wrong
	}{
		"old, within what is promised": {item(1999*time.Millisecond, 1, 100), ""},
		"older than is promised": {item(2001*time.Millisecond, 1, 100),
			"shown at version 1 instead of 2"},
		"new": {item(2001*time.Millisecond, 2, 250), ""},
		"old, linearizable": {with(item(1001*time.Millisecond, 1, 100),
			func(o *observation) { o.kind = linearizableRead }), "instead of 2"},
		"overtaken, linearizable": {with(item(999*time.Millisecond, 1, 100),
			func(o *observation) { o.kind = linearizableRead }), ""},
		"less than the process acknowledged": {with(item(1100*time.Millisecond, 1, 100),
			func(o *observation) { o.least = []int{2, 0} }), "acknowledged, or this session"},
		"less than a writer that changed nothing was shown": {with(item(1100*time.Millisecond, 1, 100),
			func(o *observation) { o.unchanged = []int{2, 0} }), "shown to a writer"},
		"the same, marked as stale": {with(item(1100*time.Millisecond, 1, 100),
			func(o *observation) { o.unchanged, o.stale = []int{2, 0}, true }), "shown to a writer"},
		"stale and marked": {with(item(4*time.Second, 1, 100),
			func(o *observation) { o.stale, o.age = true, 3*time.Second }), ""},
		"stale, in a linearizable read": {with(item(6*time.Second, 2, 250),
			func(o *observation) { o.kind, o.stale, o.age = linearizableRead, true, 3*time.Second }), "instead of 3"},
		"stale, in a session": {with(item(6*time.Second, 2, 250),
			func(o *observation) { o.stale, o.age, o.least = true, 3*time.Second, []int{3, 0} }), "instead of 3"},
		"staler than its mark": {with(item(4*time.Second, 1, 100),
			func(o *observation) { o.stale, o.age = true, time.Second }), "stale by 1s"},
		"another content for a known version": {item(1100*time.Millisecond, 2, 260), "was 250 before"},
		"what was rolled back":                {item(6*time.Second, 4, forbiddenPrice), "rolled back"},
		"absent though never removed": {with(item(6*time.Second, 0, 0),
			func(o *observation) { o.status, o.shown = 404, nil }), "is absent"},
		"absent because deleted": {with(item(6*time.Second, 0, 0),
			func(o *observation) { o.item, o.status, o.shown = 1, 404, nil }), ""},
		"deleted and still there": {with(item(6*time.Second, 0, 0),
			func(o *observation) { o.item, o.shown = 1, []showing{{1, 1, 120, 0}} }), "instead of 2"},
		"a page without what belongs on it": {page(7*time.Second, 200, 400, -1), "listing 0 is missing"},
		"a page with what left it": {
			page(7*time.Second, 200, 299, -1, showing{0, 2, 250, 0}), "instead of 3",
		},
		"a page with what does not match": {
			page(7*time.Second, 0, 99, -1, showing{0, 3, 300, 0}), "has the price 300",
		},
		"a page with a listing twice": {
			page(7*time.Second, 300, 300, -1, showing{0, 3, 300, 0}, showing{0, 3, 300, 0}), "twice",
		},
		"a true page":                 {page(7*time.Second, 300, 300, -1, showing{0, 3, 300, 0}), ""},
		"a true page of a moment ago": {page(5500*time.Millisecond, 300, 300, -1), ""},
		"a count too low":             {page(7*time.Second, 0, 400, 0), "the count is 0, want 1 to 1"},
		"a count too high":            {page(7*time.Second, 0, 400, 2), "the count is 2"},
		"a count without what was acknowledged": {with(page(1100*time.Millisecond, 200, 399, 0),
			func(o *observation) { o.least = []int{2, 0} }), "the count is 0, want 1 to 1"},
		"a count of a moment ago": {page(2500*time.Millisecond, 0, 299, 2), ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := strings.Join(fabricated(t).judge(&c.observation), "; ")
			if c.want == "" && found != "" || !strings.Contains(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

func TestTheCheckerKnowsEditionsAndAbsences(t *testing.T) {
	read := func(kind readKind, began time.Duration, edition int) observation {
		return observation{kind: kind, item: 0, began: began, ended: began + time.Millisecond, status: 200, count: -1,
			shown: []showing{{0, 3, 300, edition}}}
	}
	missing := func(began time.Duration) observation {
		return observation{item: 0, began: began, ended: began + time.Millisecond, status: 404, count: -1}
	}
	for name, c := range map[string]struct {
		observation
		want string
	}{
		"the edition before, within what is promised": {read(defaultRead, 8*time.Second+apptest.MaxStaleness+lookPeriod-1,
			0), ""},
		"the edition before, later": {
			read(defaultRead, 8*time.Second+apptest.MaxStaleness+lookPeriod, 0), "edition 0 instead of 1",
		},
		"the edition before, linearizable": {
			read(linearizableRead, 8*time.Second+lookPeriod, 0), "edition 0 instead of 1",
		},
		"one that is being made":          {read(defaultRead, 30*time.Second, 2), ""},
		"one that has not begun":          {read(defaultRead, 30*time.Second, 3), "edition 3 instead of 1 to 2"},
		"a listing without an edition":    {read(defaultRead, 30*time.Second, -1), ""},
		"nothing while the table is away": {missing(20 * time.Second), ""},
		"nothing before":                  {missing(19 * time.Second), "is absent"},
		"nothing long after":              {missing(21*time.Second + apptest.MaxStaleness + lookPeriod + 1), "is absent"},
	} {
		t.Run(name, func(t *testing.T) {
			known := fabricated(t)
			known.endEdition(known.beginEdition(), 8*time.Second)
			if long := 8*time.Second + apptest.MaxStaleness + lookPeriod; !known.unseen(long-1) || known.unseen(long) {
				t.Error("a change may be unseen until it has to be seen")
			}
			known.beginEdition()
			known.beginAbsence(20 * time.Second)(21 * time.Second)
			if found := strings.Join(known.judge(&c.observation), "; "); c.want == "" && found != "" ||
				!strings.Contains(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

func TestTheCheckerIsLenientWhereItCannotKnow(t *testing.T) {
	missing := observation{item: -1, low: 300, high: 300, began: 7 * time.Second, ended: 7 * time.Second, status: 200,
		count: -1}
	for name, prepare := range map[string]func(b *biography){
		"a write is under way":             func(b *biography) { b.begin() },
		"a write had no outcome":           func(b *biography) { b.begin(); b.end(6*time.Second, false) },
		"a version is known by its number": func(b *biography) { _ = b.learn(4, unknownPrice, 0, 6*time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			c := fabricated(t)
			prepare(&c.listings[0])
			if found := c.judge(&missing); found != nil {
				t.Errorf("found %q", found)
			}
		})
	}
}

func TestAnAnswerIsAsOldAsTheNextVersionKnown(t *testing.T) {
	b := &fabricated(t).listings[0]
	if got := b.behind(1, 1500*time.Millisecond); got != 500*time.Millisecond {
		t.Errorf("version 1 is behind by %s, want 500ms", got)
	}
	if got := b.behind(3, 9*time.Second); got != 0 {
		t.Errorf("the newest version is behind by %s", got)
	}
}
