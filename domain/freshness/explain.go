package freshness

import (
	"fmt"

	"github.com/gable-listings/gable/domain/property"
)

// Standing is how a cached answer stands against the ledger. The zero value means that the ledger cannot judge it.
type Standing struct {
	Verdict Verdict // what Check would say
	// At and Head are the positions of the answer and of the ledger; between them are the changes that decide.
	At, Head Position
	Touching int // how many of them touch the answer; 0 when they are not all remembered
	// Recent are the newest of them, the newest first. One that touches the answer is among them if there is any.
	Recent []CheckedChange
}

// CheckedChange is a change that decides whether an answer is still true.
type CheckedChange struct {
	Position Position
	Change   property.Change
	Touches  bool
}

// Between is how many changes lie between the answer and the ledger.
func (s *Standing) Between() uint64 { return uint64(s.Head - s.At) }

// Explain says what Check would say of a cached answer, and why, with at most so many (at least 1) of the changes that
// decide. Unlike Check it moves nothing on.
func (l *Ledger) Explain(e *Entry, most int) Standing {
	l.mu.RLock()
	defer l.mu.RUnlock()
	head := l.head.Load()
	at := min(e.at.Load(), head)
	x := Standing{Verdict: Fresh, At: Position(at), Head: Position(head)}
	for p := head; p > max(at, l.tail); p-- {
		told := l.slot(p - 1)
		checked := CheckedChange{Position(p), told.change, e.touchedBy(told)}
		if checked.Touches {
			x.Touching++
		}
		switch {
		case len(x.Recent) < max(most, 1):
			x.Recent = append(x.Recent, checked)
		case x.Touching == 1 && checked.Touches:
			x.Recent[len(x.Recent)-1] = checked
		}
	}
	switch {
	case at < l.tail:
		x.Verdict, x.Touching = Unknown, 0
	case x.Touching > 0:
		x.Verdict = Stale
	}
	return x
}

// touchedBy reports whether the change touches anything that the answer depends on.
func (e *Entry) touchedBy(r *remembered) bool {
	for i := range e.deps {
		if e.deps[i].touchedBy(r) {
			return true
		}
	}
	return false
}

// Depends is what the answer depends on, in words.
func (e *Entry) Depends() []string {
	words := make([]string, len(e.deps))
	for i := range e.deps {
		words[i] = e.deps[i].String()
	}
	return words
}

// String says in words what is depended on.
func (d Dependency) String() string {
	if d.window != nil {
		return d.window.String()
	}
	if d.count == nil {
		return fmt.Sprintf("the listing %s, or that there is none", d.item)
	}
	if text := d.count.String(); text != "" {
		return "how many listings match " + text
	}
	return "how many listings there are"
}
