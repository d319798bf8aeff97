package property

import "unicode"

// Cost is the work of a store for an answer, in orders of magnitude. A store with few places for expensive work
// reserves the others for cheap work.
type Cost int8

// The costs, from low to high. CostPage: an index leads to the listings, or the order of the page meets them early.
// CostCount: every match is read. CostScan: text is compared listing by listing.
const (
	CostPage Cost = iota
	CostCount
	CostScan
)

// Cost is the cost of finding the page.
func (s *Search) Cost() Cost {
	switch {
	case len(s.Filter.References) > 0:
		return CostPage
	case s.Filter.scans():
		return CostScan
	case s.Sort.Key == SortDistance:
		return CostCount // each match is measured, and then they are sorted
	}
	return CostPage
}

// CountCost is the cost of counting the matches.
func (f *Filter) CountCost() Cost {
	switch {
	case len(f.References) > 0:
		return CostPage // an index leads to a few
	case f.scans():
		return CostScan
	}
	return CostCount
}

// indexedRun is the number of consecutive letters or digits that a text index needs.
const indexedRun = 3

// scans reports whether the filter contains a piece of text that no index can find. It does so even when an index
// finds another piece: that one may still be in most listings.
func (f *Filter) scans() bool {
	for _, word := range f.Words {
		if longestRun(word) < indexedRun {
			return true
		}
	}
	return f.Location != "" && longestRun(f.Location) < indexedRun
}

func longestRun(text string) (longest int) {
	run := 0
	for _, c := range text {
		if run++; !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
