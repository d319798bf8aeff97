package bunstore_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
)

// SQL can store exactly the numbers that the program accepts.
func TestTheDatabaseHasTheBoundsOfEveryNumber(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		for _, f := range property.FieldTable() {
			step := property.Decimal(1)
			switch f.Type {
			case property.WholeField:
				step = 100
			case property.DecimalField:
				if f.Quarters {
					step = 25
				}
			default:
				continue
			}
			insert := func(value property.Decimal) error {
				_, err := db.Writer().Exec("INSERT INTO properties (title, price, location, " + f.Name +
					") VALUES ('T', 1, 'L', " + value.Short() + ")")
				return err
			}
			for value, fits := range map[property.Decimal]bool{
				f.Min - step: false, f.Min: true, f.Max: true, f.Max + step: false,
			} {
				if err := insert(value); (err == nil) != fits {
					t.Errorf("%s is %s: %v", f.Name, value.Short(), err)
				}
			}
		}
	})
}

func TestEveryRangeHasAnIndex(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		sql := "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'properties' AND sql IS NOT NULL"
		if db.IsPostgres() {
			sql = "SELECT indexdef FROM pg_indexes WHERE tablename = 'properties'"
		}
		indexes := strings.Join(lines(t, db, sql), "\n")
		for _, r := range new(property.Filter).Ranges() {
			first := regexp.MustCompile(`\((COALESCE\(|coalesce\()?` + r.Name + `\b`)
			if !first.MatchString(indexes) {
				t.Errorf("no index begins with %s:\n%s", r.Name, indexes)
			}
		}
	})
}
