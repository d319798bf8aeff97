package property

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Match is what a filter can say about a listing without asking the database.
type Match int8

// No and Yes are certain: every store decides the same. Maybe means that stores could differ, so nothing may be
// concluded: whoever gets it has to ask the store.
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

// Matches says whether the filter lets the listing through. Numbers, choices, times and boxes are always certain; text
// with letters outside ASCII, whose case databases fold differently, and places at the very rim of a circle may not be.
func (f *Filter) Matches(p *Property) Match {
	if !f.matchesExactly(p) {
		return No
	}
	result := f.matchesNear(p)
	if f.Location != "" {
		result = min(result, ContainsText(p.Location, f.Location))
	}
	for _, word := range f.Words {
		if result == No {
			break
		}
		inAny := max(ContainsText(p.Title, word), ContainsText(p.Location, word), ContainsText(p.Description, word))
		result = min(result, inAny)
	}
	return result
}

func (f *Filter) matchesExactly(p *Property) bool {
	return oneOf(f.Offers, p.Offer) && oneOf(f.Kinds, p.Kind) &&
		oneOf(f.Statuses, p.Status) && oneOf(f.Currencies, p.Currency) &&
		f.Price.Contains(Some(p.Price)) && f.Bedrooms.Contains(p.Bedrooms) &&
		f.Bathrooms.Contains(p.Bathrooms) && f.AreaM2.Contains(p.AreaM2) &&
		(!f.Box.Valid || p.Coordinates.Valid && f.Box.Value.Contains(p.Coordinates.Value)) &&
		later(p.CreatedAt, f.CreatedAfter) && later(p.UpdatedAt, f.UpdatedAfter)
}

func oneOf[T comparable](choices []T, v T) bool {
	return len(choices) == 0 || slices.Contains(choices, v)
}

func later(t time.Time, bound Optional[time.Time]) bool { return !bound.Valid || t.After(bound.Value) }

// rim is how far, relative to the radius and in kilometres, a distance must be from the radius to be certain: far more
// than the sines of two mathematical libraries differ, far less than anybody measures.
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

// ContainsText says whether part occurs in text, letters compared without regard to case. It is certain wherever case
// folding is: ASCII letters fold the same in every store, and characters without case do not fold at all. Nor does it
// matter how a store folds what is the same already, but for the one letter whose lower case depends on what follows.
func ContainsText(text, part string) Match {
	if strings.Contains(text, part) || strings.Contains(lowerASCII(text), lowerASCII(part)) {
		if strings.ContainsRune(part, 'Σ') {
			return Maybe
		}
		return Yes
	}
	if hasUnicodeCase(part) || strings.ContainsFunc(text, foldsToASCII) {
		return Maybe
	}
	return No
}

// ContainsFold decides what ContainsText leaves open, by Unicode's simple lower case: how Gable's own stores do it.
func ContainsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// lowerASCII leaves the text alone when it has no capital among its ASCII letters.
func lowerASCII(text string) string {
	isUpper := func(b byte) bool { return 'A' <= b && b <= 'Z' }
	for i := range len(text) {
		if isUpper(text[i]) {
			lower := []byte(text)
			for ; i < len(lower); i++ {
				if isUpper(lower[i]) {
					lower[i] += 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return text
}

// hasUnicodeCase reports whether the text has a letter outside ASCII that exists in two cases. SimpleFold knows those that
// are only the lower case of another (ß of ẞ), ToLower those that fold to more than one character (İ).
func hasUnicodeCase(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r > unicode.MaxASCII && (unicode.SimpleFold(r) != r || unicode.ToLower(r) != r || unicode.ToUpper(r) != r)
	})
}

// foldsToASCII is true of the few characters outside ASCII whose other case some database takes to be an ASCII letter:
// the Kelvin sign, the long s, and the dotted and dotless i.
func foldsToASCII(r rune) bool {
	return r == '\u212A' || r == '\u017F' || r == '\u0130' || r == '\u0131'
}
