package property

import (
	"math"
	"slices"
	"time"
)

// Match is a filter's decision about a listing, made without the database.
type Match int8

// The decisions. No and Yes are certain: every store decides the same. Maybe means that stores could differ: ask
// the store.
const (
	No Match = iota
	Maybe
	Yes
)

// String is "no", "maybe" or "yes".
func (m Match) String() string { return [...]string{"no", "maybe", "yes"}[m] }

func certain(yes bool) Match {
	if yes {
		return Yes
	}
	return No
}

// Matches decides whether the filter lets the listing through. Numbers, choices, times and boxes are always
// certain. Text is uncertain where databases fold its letters differently (see ContainsText), and so is a place at
// the very rim of a circle.
func (f *Filter) Matches(p *Property) Match {
	if !f.matchesExactly(p) {
		return No
	}
	result := min(f.matchesNear(p), f.matchesLocation(p))
	if result == No {
		return No
	}
	return min(result, f.matchesWords(p))
}

func (f *Filter) matchesLocation(p *Property) Match {
	if f.Location == "" {
		return Yes
	}
	return ContainsText(p.Location, f.Location)
}

// matchesWords decides whether each word occurs in the title, the location or the description, or all of them
// together are the reference.
func (f *Filter) matchesWords(p *Property) Match {
	if len(f.Words) == 0 {
		return Yes
	}
	result := Yes
	title, location, description := folded(p.Title), folded(p.Location), folded(p.Description)
	for _, word := range f.Words {
		part := foldedPart(word)
		result = min(result, max(title.contains(part), location.contains(part), description.contains(part)))
	}
	if result == Yes || p.Reference == "" {
		return result
	}
	return max(result, folded(p.Reference).equals(folded(f.Whole())))
}

// MatchesFold decides about text what Matches leaves open, as Gable's own stores do.
func (f *Filter) MatchesFold(p *Property) bool {
	if !ContainsFold(p.Location, f.Location) {
		return false
	}
	if len(f.Words) > 0 && p.Reference != "" && Fold(p.Reference) == f.Whole() {
		return true
	}
	all := p.Title + "|" + p.Description + "|" + p.Location // no phrase crosses the bars
	return !slices.ContainsFunc(f.Words, func(word string) bool { return !ContainsFold(all, word) })
}

func (f *Filter) matchesExactly(p *Property) bool {
	return oneOf(f.References, p.Reference) &&
		oneOf(f.Offers, p.Offer) && oneOf(f.Kinds, p.Kind) && oneOf(f.Statuses, p.Status) &&
		oneOf(f.Currencies, p.Currency) &&
		(f.Source == "" || f.Source == p.Source) &&
		f.inRanges(p) &&
		(!f.Box.Valid || p.Coordinates.Valid && f.Box.Value.Contains(p.Coordinates.Value)) &&
		later(p.CreatedAt, f.CreatedAfter) && later(p.UpdatedAt, f.UpdatedAfter)
}

func oneOf[T comparable](choices []T, v T) bool {
	return len(choices) == 0 || slices.Contains(choices, v)
}

func later(t time.Time, bound Optional[time.Time]) bool { return !bound.Valid || t.After(bound.Value) }

// rim is the margin around a radius within which a distance is uncertain: rim kilometres plus rim times the radius.
// It is far more than the sines of two mathematical libraries differ, and far less than any measurement resolves.
const rim = 1e-6

func (f *Filter) matchesNear(p *Property) Match {
	circle, ok := f.Near.Get()
	if !ok {
		return Yes
	}
	at, ok := p.Coordinates.Get()
	if !ok {
		return No
	}
	distance := DistanceKM(circle.Center, at)
	if math.Abs(distance-circle.RadiusKM) <= rim*(1+circle.RadiusKM) {
		return Maybe
	}
	return certain(distance < circle.RadiusKM)
}
