package freshness

import (
	"sync/atomic"

	"github.com/gable-listings/gable/domain/property"
)

// Verdict says what the ledger thinks of a kept answer.
type Verdict int8

// Unknown: the ledger no longer remembers all that happened since; treat the answer as lost. Stale: a change touches it.
// Fresh: no change that the answer has not seen touches it.
const (
	Unknown Verdict = iota
	Stale
	Fresh
)

// String is "unknown", "stale" or "fresh".
func (v Verdict) String() string { return [...]string{"unknown", "stale", "fresh"}[v] }

// Dependency is one thing that a kept answer depends on: a listing (or its absence), a page, or a count.
type Dependency struct {
	item   property.ID
	window *property.Window
	count  *property.Filter
}

// OnItem depends on one listing, present or absent.
func OnItem(id property.ID) Dependency { return Dependency{item: id} }

// OnPage depends on everything that the page of a search shows, or would show.
func OnPage(s *property.Search, page *property.Page) Dependency {
	return Dependency{window: s.Window(page)}
}

// OnCount depends on how many listings match the filter.
func OnCount(f *property.Filter) Dependency { return Dependency{count: f} }

// Entry is the freshness of one kept answer. Make one with NewEntry; it is safe for concurrent use.
type Entry struct {
	at   atomic.Uint64
	deps []Dependency
}

// NewEntry is for an answer whose load began when the ledger stood at the position, and which depends on these things.
func NewEntry(at Position, deps ...Dependency) *Entry {
	e := &Entry{deps: deps}
	e.at.Store(uint64(at))
	return e
}

// Position is how far the answer has been found true.
func (e *Entry) Position() Position { return Position(e.at.Load()) }

// Check judges a kept answer. When nothing has changed since it was last judged, that is one comparison; otherwise the
// changes since then are tested, and on Fresh the entry moves on, so that each is tested once. It allocates nothing.
func (l *Ledger) Check(e *Entry) Verdict {
	at := e.at.Load()
	if at >= l.head.Load() {
		return Fresh
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if at < l.tail {
		return Unknown
	}
	for i := range e.deps {
		if l.touched(&e.deps[i], at) {
			return Stale
		}
	}
	e.advance(at, l.head.Load())
	return Fresh
}

// advance moves the entry on unless another check has moved it meanwhile.
func (e *Entry) advance(from, to uint64) { e.at.CompareAndSwap(from, to) }

// touched reports whether a change behind the position touches the dependency. mu is held.
func (l *Ledger) touched(d *Dependency, at uint64) bool {
	if d.window == nil && d.count == nil {
		return l.latest[d.item].position > at
	}
	for p, head := at, l.head.Load(); p < head; p++ {
		if d.touchedBy(l.slot(p)) {
			return true
		}
	}
	return false
}

func (d *Dependency) touchedBy(r *remembered) bool {
	switch {
	case d.window != nil:
		return d.window.Touches(&r.change)
	case d.count != nil:
		return r.blind || d.count.AffectsCount(&r.change)
	}
	return d.item == r.change.ID
}

// PatchPage brings a page that was true at the position up to the ledger's present, where that can be done without the
// database: Fresh with the page as it is now and the new position; else Stale or Unknown, and the page has to be loaded.
func (l *Ledger) PatchPage(s *property.Search, page *property.Page, at Position) (*property.Page, Position, Verdict) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	head := l.head.Load()
	if uint64(at) < l.tail {
		return nil, at, Unknown
	}
	window := s.Window(page)
	for p := uint64(at); p < head; p++ {
		c := &l.slot(p).change
		if !window.Touches(c) {
			continue
		}
		newest := l.latest[c.ID]
		if newest.unordered > uint64(at) {
			return nil, at, Stale
		}
		patched, ok := s.Apply(page, c.ID, newest.version, newest.current)
		if !ok {
			return nil, at, Stale
		}
		if patched != page {
			page, window = patched, s.Window(patched)
		}
	}
	return page, Position(head), Fresh
}

// PatchItem brings what was kept of a listing at the position (nil: its absence) up to the ledger's present: Fresh with
// the newest state known (nil: there is none) and the new position; else Stale or Unknown, and it has to be loaded.
func (l *Ledger) PatchItem(id property.ID, kept *property.Property, at Position) (*property.Property, Position, Verdict) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	head := l.head.Load()
	if uint64(at) < l.tail {
		return nil, at, Unknown
	}
	newest, changed := l.latest[id]
	switch {
	case !changed || newest.position <= uint64(at):
		return kept, Position(head), Fresh
	case newest.unordered > uint64(at):
		return nil, at, Stale
	case kept != nil && kept.Version >= newest.version:
		return kept, Position(head), Fresh
	}
	return newest.current, Position(head), Fresh
}

// CheckCount judges a count that was true at the position: Fresh with the new position, Stale or Unknown.
func (l *Ledger) CheckCount(f *property.Filter, at Position) (Position, Verdict) {
	e := NewEntry(at, OnCount(f))
	verdict := l.Check(e)
	return e.Position(), verdict
}
