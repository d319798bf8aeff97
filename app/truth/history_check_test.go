//go:build unix

package truth

import (
	"fmt"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// readKind is how a reader asked.
type readKind int

const (
	defaultRead readKind = iota
	sessionRead
	linearizableRead
	readKinds
)

func (k readKind) String() string { return [...]string{"default", "session", "linearizable"}[k] }

// sight is a listing as an answer shows it. All listings have the same edition, but for those that have none: -1.
type sight struct{ listing, version, price, edition int }

// observation is one answer, and what its reader had to be shown.
type observation struct {
	kind         readKind
	process      string
	began, ended moment
	// item is the listing asked for, or -1 for a search for prices from low up to and including high.
	item      int
	low, high int
	status    int // 200 or 404
	shown     []sight
	count     int // of a search that counts, else -1
	// stale says that the answer calls itself out of date, and by how much.
	stale bool
	age   time.Duration
	level string
	// tokenless is how often the session was answered without a token, so that it had to go on with an older one.
	tokenless int
	// least is for each listing what this reader, or this process, must not fall behind: what the process has acknowledged
	// when the read began, and what the session has seen. nil for nothing.
	least []int
	// told is for each listing what the process has shown to writers who changed nothing.
	told []int
}

// judge holds an answer against the history, and learns from it. It returns what is wrong with it, nothing if nothing is.
func (c *chronicle) judge(o *observation) []string {
	var wrong []string
	object := func(format string, args ...any) {
		wrong = append(wrong, o.describe()+": "+fmt.Sprintf(format, args...))
	}
	if c.away(o.began-o.bound()-lookPeriod, o.ended) {
		return nil
	}
	leastEdition, lastEdition := c.editionsBy(o.began - o.bound() - lookPeriod)
	seen := make(map[int]bool, len(o.shown))
	for _, s := range o.shown {
		if seen[s.listing] {
			object("listing %d is shown twice", s.listing)
		}
		seen[s.listing] = true
		if o.item < 0 && (s.price < o.low || s.price > o.high) {
			object("listing %d has the price %d", s.listing, s.price)
		}
		if s.edition >= 0 && s.edition < leastEdition || s.edition > lastEdition {
			object("listing %d is shown in edition %d instead of %d to %d", s.listing, s.edition, leastEdition, lastEdition)
		}
		if s.price == forbiddenPrice {
			object("listing %d shows what was rolled back", s.listing)
		}
		b := &c.listings[s.listing]
		if _, known := b.known(s.version, s.price); !known {
			if err := b.learn(s.version, s.price, 0, o.ended); err != nil {
				object("listing %d: %v", s.listing, err)
			}
		}
		if required, why := c.required(o, s.listing); s.version < required {
			object("listing %d is shown at version %d instead of %d, %s", s.listing, s.version, required, why)
		}
	}
	if o.item >= 0 {
		if o.status == 200 && !seen[o.item] {
			object("another listing is shown")
		}
		if o.status == 404 {
			required, why := c.required(o, o.item)
			if may, _ := c.listings[o.item].may(required, o.ended, isAbsent); !may {
				object("listing %d is absent, though it was not at version %d, %s, nor later", o.item, required, why)
			}
		}
		return wrong
	}
	return c.judgePage(o, seen, object, &wrong)
}

func isAbsent(price int) bool { return price == absentPrice }

// judgePage looks at what a page does not show, and at its count.
func (c *chronicle) judgePage(o *observation, seen map[int]bool, object func(string, ...any),
	wrong *[]string) []string {
	matches := func(price int) bool { return price >= o.low && price <= o.high }
	least, most := 0, 0
	for i := range c.listings {
		required, why := c.required(o, i)
		may, must := c.listings[i].may(required, o.ended, matches)
		if may {
			most++
		}
		if must {
			least++
			if !seen[i] && o.count < 0 {
				object("listing %d is missing, though it matches at version %d, %s, and ever after", i, required, why)
			}
		}
	}
	if o.count >= 0 && (o.count < least || o.count > most) {
		object("%d are counted, it must be %d to %d; shown are%s; what is known:%s", o.count, least, most,
			describeSights(o.shown), c.describe(o))
	}
	return *wrong
}

func describeSights(shown []sight) (text string) {
	for _, s := range shown {
		text += fmt.Sprintf(" %d v%d at %d,", s.listing, s.version, s.price)
	}
	return text
}

// describe tells what the states are that each listing may be shown in.
func (c *chronicle) describe(o *observation) (text string) {
	for i := range c.listings {
		required, _ := c.required(o, i)
		text += fmt.Sprintf("\n    %d from v%d: %s", i, required, c.listings[i].describe(required))
	}
	return text
}

// required is the version that the reader has to be shown at least, and why.
func (c *chronicle) required(o *observation, listing int) (int, string) {
	b, bound := &c.listings[listing], o.bound()
	required, why := b.committedBy(o.began-bound), fmt.Sprintf("which was known %s before the read began", bound)
	if o.least != nil && o.least[listing] > required {
		required, why = o.least[listing], "which this process had acknowledged, or this session seen"
	}
	if o.told != nil && o.told[listing] > required {
		required, why = o.told[listing], "which this process had told a writer who changed nothing"
	}
	return required, why
}

// bound is how long before the read began its answer has to have been true at the earliest.
func (o *observation) bound() time.Duration {
	switch {
	case o.kind == linearizableRead:
		return 0
	case o.stale: // it says itself how long ago it was true, in whole seconds
		return o.age + time.Second
	}
	return apptest.MaxStaleness
}

func (o *observation) describe() string {
	what := fmt.Sprintf("item %d", o.item)
	if o.item < 0 {
		what = fmt.Sprintf("search %d-%d", o.low, o.high)
	}
	stale := ""
	if o.stale {
		stale = fmt.Sprintf(" stale by %s", o.age)
	}
	if o.tokenless > 0 {
		stale += fmt.Sprintf(", answered without a token %d times before", o.tokenless)
	}
	return fmt.Sprintf("%s read of %s on process %s from %s to %s (%s%s)", o.kind, what, o.process,
		o.began.Round(time.Microsecond), o.ended.Round(time.Microsecond), o.level, stale)
}
