package bunstore_test

import (
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
)

// TestPagesComeFromAnIndexInOrder looks at the plans: a page that has to be sorted would cost the more the more listings
// there are.
func TestPagesComeFromAnIndexInOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("fills large tables, which tells the race detector nothing new")
	}
	questions := []string{"", "limit=500"}
	for _, key := range property.SortKeys() {
		questions = append(questions, "sort="+string(key), "sort=-"+string(key))
	}
	for _, filter := range []string{"kind=house", "status=sold", "offer=sale", "currency=USD", "kind=house,land", "min_price=300000", "min_price=300000&max_price=800000", "kind=land&min_bedrooms=2"} {
		questions = append(questions, filter, filter+"&sort=created_at")
	}
	questions = append(questions, "sort=price&kind=house", "sort=-price&min_price=300000&max_price=800000", "sort=area_m2&status=active")
	for _, kind := range databases[:2] {
		t.Run(kind.name, func(t *testing.T) {
			db := open(t, kind.url(t))
			crowd(t, db, 20_000)
			for _, question := range questions {
				first := parse(t, question)
				wantNoSorting(t, db, first)
				wantNoSorting(t, db, behind(t, db, first, 200))
			}
		})
	}
}

func wantNoSorting(t *testing.T, db *bunstore.DB, s *property.Search) {
	t.Helper()
	explain := "EXPLAIN QUERY PLAN "
	if db.IsPostgres() {
		explain = "EXPLAIN "
	}
	plan := strings.Join(lines(t, db, explain+db.SearchSQL(s)), "\n")
	if strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(strings.ToUpper(plan), "INDEX") {
		t.Errorf("search %q is sorted:\n%s\n%s", s, db.SearchSQL(s), plan)
	}
}

// lines is the last column of what a statement returns.
func lines(t testing.TB, db *bunstore.DB, statement string) []string {
	t.Helper()
	rows, err := db.Writer().QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		var text string
		values[len(values)-1] = &text
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}
