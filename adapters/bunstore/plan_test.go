package bunstore_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
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

// The feed is read many times a second. What it takes must not grow with the number of changes that are kept, whether the
// planner knows about them or not: a database that is new, or whose figures were lost in a crash, has no statistics.
func TestReadingTheFeedLeavesAloneWhatIsOld(t *testing.T) {
	const old = 20_000
	for _, analyzed := range []bool{false, true} {
		t.Run("analyzed="+strconv.FormatBool(analyzed), func(t *testing.T) {
			db := open(t, template.Postgres(t))
			execute(t, db, "ALTER TABLE property_changes SET (autovacuum_enabled = off)")
			execute(t, db, "INSERT INTO property_changes (op) SELECT 'reset' FROM generate_series(1, "+strconv.Itoa(old)+")")
			if analyzed {
				execute(t, db, "ANALYZE property_changes")
			}
			cursor := head(t, db)
			for n := range 50 {
				store(t, db, listing(t, 1+n))
			}
			for _, limit := range []int{1_000, 10} {
				touched := touchedRows(t, db, cursor, limit)
				page, err := db.Feed().Changes(t.Context(), cursor, limit)
				if err != nil || len(page.Changes) != min(limit, 50) || touched > 200 {
					t.Errorf("to tell %d changes of %d (%v), %d rows are touched", len(page.Changes), old, err, touched)
				}
				if page.More {
					if touched := touchedRows(t, db, page.Next, limit); touched > 200 {
						t.Errorf("to go on from there, %d rows are touched", touched)
					}
				}
			}
		})
	}
}

// rowsInPlan finds in a plan that has been run how many rows a step has given on or thrown away.
var rowsInPlan = regexp.MustCompile(`actual rows=(\d+)|Rows Removed by .*: (\d+)`)

// touchedRows is the most rows that any step handles of what tells the changes behind a cursor.
func touchedRows(t *testing.T, db *bunstore.DB, after ports.FeedCursor, limit int) (most int) {
	t.Helper()
	statement, err := db.FeedSQL(after, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines(t, db, "EXPLAIN (ANALYZE, TIMING OFF) "+statement) {
		for _, match := range rowsInPlan.FindAllStringSubmatch(line, -1) {
			n, _ := strconv.Atoi(match[1] + match[2])
			most = max(most, n)
		}
	}
	return most
}

func execute(t *testing.T, db *bunstore.DB, statement string) {
	t.Helper()
	if _, err := db.Writer().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
