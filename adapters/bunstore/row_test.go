package bunstore_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
)

// A column that one list lacks would be read as empty, or written unchanged.
func TestTheColumnsOfTheTableAreThoseOfItsRowAndOfTheDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		rows, err := db.Reader().QueryContext(t.Context(), "SELECT * FROM properties LIMIT 0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		stored, err := rows.Columns()
		if err := errors.Join(err, rows.Err()); err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(slices.Values(stored))
		for name, columns := range map[string][]string{
			"the table of columns": bunstore.Columns(), "the row": db.ModelColumns(),
		} {
			if got := slices.Sorted(slices.Values(columns)); !slices.Equal(got, want) {
				t.Errorf("%s has the columns\n%q, and the database\n%q", name, got, want)
			}
		}
	})
}
