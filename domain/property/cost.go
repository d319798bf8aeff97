package property

import "unicode"

// Cost is what it takes a store to answer a question, in orders of magnitude. A store that has few places for what is
// expensive keeps the rest for what is not.
type Cost int8

// The costs, from low to high. CostPage: an index leads to the listings, or the order of the page meets them early.
// CostCount: every match is looked at. CostScan: text is compared listing by listing.
const (
	CostPage Cost = iota
	CostCount
	CostScan
)

// Cost is what it takes to find the page.
func (s *Search) Cost() Cost {
	if s.Filter.scans() {
		return CostScan
	}
	return CostPage
}

// CountCost is what it takes to count the matches.
func (f *Filter) CountCost() Cost {
	if f.scans() {
		return CostScan
	}
	return CostCount
}

// indexedRun is how many letters or digits in a row an index of text needs.
const indexedRun = 3

// scans reports whether the filter asks for a piece of text that no index can find. A second piece that one can find
// may still be in most listings.
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
