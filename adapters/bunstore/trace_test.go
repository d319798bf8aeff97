package bunstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
)

func TestEachStatementIsTracedByItsKindAlone(t *testing.T) {
	var kinds []string
	var failed []error
	db, err := bunstore.Open(t.Context(), bunstore.Options{
		URL: "sqlite::memory:",
		Trace: func(ctx context.Context, name string) (context.Context, func(string, error)) {
			kinds = append(kinds, name)
			return ctx, func(_ string, err error) { failed = append(failed, err) }
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	kinds, failed = nil, nil
	if _, _, err := db.Repository().Find(t.Context(), property.ID{1}); !errors.Is(err, property.ErrNotFound) {
		t.Fatal(err)
	}
	if !slices.Equal(kinds, []string{"SQL SELECT"}) || !slices.Equal(failed, []error{nil}) {
		t.Errorf("a look-up of nothing is traced as %q with the errors %v", kinds, failed)
	}
	for statement, want := range map[string]string{
		"  \n\tupdate\nproperties SET secret = 1 WHERE false": "SQL UPDATE",
		"WITH\nx AS (SELECT 1) SELECT * FROM x":               "SQL WITH",
		"select(1)":                                           "SQL SELECT",
	} {
		kinds = nil
		_, _ = db.Writer().ExecContext(t.Context(), statement)
		if !slices.Equal(kinds, []string{want}) {
			t.Errorf("%q is traced as %q, want %q", statement, kinds, want)
		}
	}
	if failed[len(failed)-1] == nil && failed[len(failed)-2] == nil && failed[len(failed)-3] == nil {
		t.Error("the statement with an unknown column is traced without its error")
	}
}
