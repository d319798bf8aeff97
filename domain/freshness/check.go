package freshness

import (
	"sync/atomic"

	"github.com/gable-listings/gable/domain/property"
)

// Verdict is the ledger's judgement of a cached answer.
type Verdict int8

// The verdicts. Unknown: the ledger no longer holds every change since, so treat the answer as lost. Stale: a
// change touches it. Fresh: no change that the answer has not seen touches it.
const (
	Unknown Verdict = iota
	Stale
	Fresh
)

// String is "unknown", "stale" or "fresh".
func (v Verdict) String() string { return [...]string{"unknown", "stale", "fresh"}[v] }

// Dependency is one thing that a cached answer depends on: a listing (or its absence), a page, or a count.
type Dependency struct {
	item   property.ID
	window *property.Window
	count  *property.Filter
}

// OnItem is a dependency on one listing, present or absent.
func OnItem(id property.ID) Dependency { return Dependency{item: id} }

// OnPage is a dependency on everything that the page of a search shows, or would show.
func OnPage(s *property.Search, page *property.Page) Dependency {
	return Dependency{window: s.Window(page)}
}

// OnCount is a dependency on the number of listings that match the filter.
func OnCount(f *property.Filter) Dependency { return Dependency{count: f} }

// Entry is the freshness of one cached answer. Make one with NewEntry; it is safe for concurrent use.
type Entry struct {
	at   atomic.Uint64
	deps []Dependency
}

// NewEntry makes the entry of an answer whose load began when the ledger stood at the position, with its
// dependencies.
func NewEntry(at Position, deps ...Dependency) *Entry {
	e := &Entry{deps: deps}
	e.at.Store(uint64(at))
	return e
}

// Position is the position up to which the answer is known to be current.
func (e *Entry) Position() Position { return Position(e.at.Load()) }

// Check judges a cached answer. When the ledger has not changed since the last check, that is one comparison.
// Otherwise it tests the changes since then, and on Fresh advances the entry, so that each change is tested once. A
// change wrongly found harmless is never tested again: the answer stays until its time to live ends or the verifier
// finds it.
// It allocates nothing.
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

// PatchPage updates a page that was current at the position, where that is possible without the database. Fresh
// comes with the current page and the new position. After Stale or Unknown the page must be loaded.
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

// PatchItem updates a listing that was cached at the position (nil: its absence). Fresh comes with the newest known
// state (nil: it is gone) and the new position. After Stale or Unknown it must be loaded.
func (l *Ledger) PatchItem(
	id property.ID, cached *property.Property, at Position,
) (*property.Property, Position, Verdict) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	head := l.head.Load()
	if uint64(at) < l.tail {
		return nil, at, Unknown
	}
	newest, changed := l.latest[id]
	switch {
	case !changed || newest.position <= uint64(at):
		return cached, Position(head), Fresh
	case newest.unordered > uint64(at):
		return nil, at, Stale
	case cached != nil && cached.Version >= newest.version:
		return cached, Position(head), Fresh
	}
	return newest.current, Position(head), Fresh
}

// CheckCount judges a count that was current at the position: Fresh with the new position, Stale or Unknown.
func (l *Ledger) CheckCount(f *property.Filter, at Position) (Position, Verdict) {
	e := NewEntry(at, OnCount(f))
	verdict := l.Check(e)
	return e.Position(), verdict
}
