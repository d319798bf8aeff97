package querycache

import "testing"

// Register adds a row to the table for as long as a test runs.
func Register(t *testing.T, k Kind) {
	t.Helper()
	before := kinds
	kinds = append(kinds[:len(kinds):len(kinds)], k)
	t.Cleanup(func() { kinds = before })
}

// Schemes are those of the whole table.
func Schemes() []string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.Schemes...)
	}
	return all
}
