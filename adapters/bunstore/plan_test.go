package bunstore_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
)

// TestPagesComeFromAnIndexInOrder checks the plans: the cost of a page that has to be sorted would grow with the
// number of listings.
func TestPagesComeFromAnIndexInOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("fills large tables, which adds nothing for the race detector")
	}
	questions := []string{"", "limit=500"}
	for _, key := range property.SortKeys() {
		if key != property.SortDistance { // which sorts what is near
			questions = append(questions, "sort="+string(key), "sort=-"+string(key))
		}
	}
	for _, filter := range []string{"kind=house", "status=sold", "offer=sale", "currency=USD", "kind=house,land",
		"min_price=300000", "min_price=300000&max_price=800000", "kind=land&min_bedrooms=2",
		"source=mls-a", "source=mls-a&status=active,pending"} {
		questions = append(questions, filter, filter+"&sort=created_at")
	}
	questions = append(questions, "sort=price&kind=house", "sort=-price&min_price=300000&max_price=800000",
		"sort=area_m2&status=active")
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
	if strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE") ||
		!strings.Contains(strings.ToUpper(plan), "INDEX") {
		t.Errorf("search %q is sorted:\n%s\n%s", s, db.SearchSQL(s), plan)
	}
}

// An index leads to words, phrases and references, and a page of what is near reads what is near.
func TestSearchesForWordsReferencesAndPlacesUseAnIndex(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a large table, which adds nothing for the race detector")
	}
	db := open(t, template.Postgres(t))
	crowd(t, db, 20_000)
	byHand(t, db.Writer(), "ANALYZE properties")
	for question, indexes := range map[string][]string{
		"q=castle":                                {"properties_folded_text", "properties_folded_reference"},
		"q=%22lake+castle%22&sort=price":          {"properties_folded_text", "properties_folded_reference"},
		"q=geneve+lake":                           {"properties_folded_text", "properties_folded_reference"},
		"location=castle":                         {"properties_folded_location"},
		"reference=R-1,R-2":                       {"properties_reference_key"},
		"near=1,2&radius_km=5&sort=distance":      {"properties_coordinates"},
		"near=1,2&radius_km=5&sort=-distance&q=a": {"properties_coordinates"},
	} {
		plan := strings.Join(lines(t, db, "EXPLAIN "+db.SearchSQL(parse(t, question))), "\n")
		for _, index := range indexes {
			if !strings.Contains(plan, index) {
				t.Errorf("%s does not use %s:\n%s", question, index, plan)
			}
		}
	}
	file := open(t, sqliteFile(t))
	crowd(t, file, 1_000)
	plan := strings.Join(lines(t, file, "EXPLAIN QUERY PLAN "+file.SearchSQL(parse(t, "reference=R-1,R-2"))), "\n")
	if !strings.Contains(plan, "reference=?") {
		t.Errorf("in SQLite references are not looked up:\n%s", plan)
	}
}

// lines returns the last column of a statement's rows.
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

// The feed is polled many times a second. The cost of that must not grow with the number of stored changes, whether
// the planner has statistics or not: a database that is new, or that lost them in a crash, has none.
func TestReadingTheFeedLeavesAloneWhatIsOld(t *testing.T) {
	const old, fresh, readings = 20_000, 50, 10
	for _, analyzed := range []bool{false, true} {
		t.Run("analyzed="+strconv.FormatBool(analyzed), func(t *testing.T) {
			db := open(t, template.Postgres(t))
			for _, statement := range []string{
				"ALTER TABLE property_changes SET (autovacuum_enabled = off)",
				"INSERT INTO property_changes (op) SELECT 'reset' FROM generate_series(1, " + strconv.Itoa(old) + ")",
				map[bool]string{true: "ANALYZE property_changes"}[analyzed],
			} {
				if _, err := db.Writer().ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			cursor := head(t, db)
			for n := range fresh {
				store(t, db, listing(t, 1+n))
			}
			before := rowsRead(t, db)
			reader := openRaw(t, db.URL())
			for range readings {
				page, err := reader.Feed().Changes(t.Context(), cursor, fresh-10)
				if err != nil || len(page.Changes) != fresh-10 || !page.More {
					t.Fatalf("the feed delivers %d changes, %v", len(page.Changes), err)
				}
				if page, err = reader.Feed().Changes(t.Context(), page.Next, fresh); err != nil || len(page.Changes) != 10 {
					t.Fatalf("and then %d changes, %v", len(page.Changes), err)
				}
				if _, _, err := reader.Feed().Head(t.Context(), 10); err != nil {
					t.Fatal(err)
				}
			}
			_ = reader.Close() // connections report what they have read at their end, at the latest
			until := time.Now().Add(10 * time.Second)
			for rowsRead(t, db) == before && time.Now().Before(until) {
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond) // for the other connections
			if read := (rowsRead(t, db) - before) / readings; read < fresh || read > 10*fresh {
				t.Errorf("to deliver %d changes of %d takes %d rows", fresh, old, read)
			}
		})
	}
}

// rowsRead returns how many rows of the change table and entries of its indexes the database has read so far.
func rowsRead(t *testing.T, db *bunstore.DB) (n int) {
	t.Helper()
	err := db.Writer().QueryRowContext(t.Context(), `
		SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'property_changes')
			+ (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'property_changes')`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
