//go:build unix

package truth

import (
	"fmt"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// readKind is the kind of freshness that a reader asked for.
type readKind int

const (
	defaultRead readKind = iota
	sessionRead
	linearizableRead
	readKinds
)

func (k readKind) String() string { return [...]string{"default", "session", "linearizable"}[k] }

// showing is a listing as an answer shows it. All listings have the same edition, except those without one: -1.
type showing struct{ listing, version, price, edition int }

// observation is one answer, and what its reader had to be shown.
type observation struct {
	kind         readKind
	process      string
	began, ended moment
	// item is the listing asked for, or -1 for a search for prices from low up to and including high.
	item      int
	low, high int
	status    int // 200 or 404
	shown     []showing
	count     int // of a search that counts, else -1
	// stale says that the answer is marked as stale, and age by how much.
	stale bool
	age   time.Duration
	level string
	// tokenless is how often the session was answered without a token, so that it had to use an older one.
	tokenless int
	// least is, for each listing, the oldest version that this reader may be shown. It covers what the process had
	// acknowledged when the read began, and what the session has seen. nil means no bound.
	least []int
	// unchanged is, for each listing, the newest version that the process has shown to writers whose write changed
	// nothing.
	unchanged []int
}

// judge compares an answer with the history, and learns from it. It returns what is wrong with the answer, if
// anything.
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

// judgePage checks what a page leaves out, and its count.
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
		object("the count is %d, want %d to %d; shown are%s; known states:%s", o.count, least, most,
			describeShowings(o.shown), c.describe(o))
	}
	return *wrong
}

func describeShowings(shown []showing) (text string) {
	for _, s := range shown {
		text += fmt.Sprintf(" %d v%d at %d,", s.listing, s.version, s.price)
	}
	return text
}

// describe lists the states that each listing may be shown in.
func (c *chronicle) describe(o *observation) (text string) {
	for i := range c.listings {
		required, _ := c.required(o, i)
		text += fmt.Sprintf("\n    %d from v%d: %s", i, required, c.listings[i].describe(required))
	}
	return text
}

// required returns the oldest version that the reader may be shown, and why.
func (c *chronicle) required(o *observation, listing int) (int, string) {
	b, bound := &c.listings[listing], o.bound()
	required, why := b.committedBy(o.began-bound), fmt.Sprintf("which was known %s before the read began", bound)
	if o.least != nil && o.least[listing] > required {
		required, why = o.least[listing], "which this process had acknowledged, or this session seen"
	}
	if o.unchanged != nil && o.unchanged[listing] > required {
		required, why = o.unchanged[listing], "which this process had shown to a writer that changed nothing"
	}
	return required, why
}

// bound returns how old the answer may be when the read begins.
func (o *observation) bound() time.Duration {
	switch {
	case o.kind == linearizableRead:
		return 0
	case o.stale: // its Age says how long ago it was true, in whole seconds
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
