package migrations_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"
)

func TestTheFeedHasEveryWriteOnce(t *testing.T) {
	upsert := "INSERT INTO properties (id, reference, title, price, location)" +
		" VALUES ('" + one + "', 'a', 'A', 1, 'L'), ('" + two + "', 'b', 'B', 1, 'L')" +
		" ON CONFLICT (id) DO UPDATE SET price = excluded.price + 1"
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"insert": {[]string{insertOne}, "insert 1"},
		"many rows": {[]string{insertOne, insertTwo, "UPDATE properties SET price = 7"},
			"insert 1, insert 1, update 2, update 2"},
		"delete all": {[]string{insertOne, insertTwo, "DELETE FROM properties"},
			"insert 1, insert 1, delete 2, delete 2"},
		"nothing touched":      {[]string{"UPDATE properties SET price = 7", "DELETE FROM properties"}, ""},
		"insert or update":     {[]string{insertOne, upsert}, "insert 1, insert 1, update 2"},
		"insert or do nothing": {[]string{insertOne, insertOne + " ON CONFLICT DO NOTHING"}, "insert 1"},
		"insert and delete": {[]string{insertOne, "DELETE FROM properties WHERE id = '" + one + "'"},
			"insert 1, delete 2"},
		"update that hits none": {[]string{insertOne, "UPDATE properties SET price = 1 WHERE title = 'x'"}, "insert 1"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, db *bun.DB) {
				exec(t, db, c.statements...)
				got := strings.Split(ops(readFeed(t, db)), ", ")
				want := strings.Split(c.want, ", ")
				if !cmp.Equal(sorted(got), sorted(want)) {
					t.Errorf("recorded %v, want %v", got, want)
				}
			})
		})
	}
}

func TestARolledBackWriteIsNotRecorded(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, insertOne, "UPDATE properties SET price = 2")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		exec(t, db, insertTwo)
		changes := readFeed(t, db)
		if len(changes) != 1 || changes[0].ID.String != two {
			t.Errorf("recorded %s, want only the second insert", ops(changes))
		}
	})
}

const insertFull = `INSERT INTO properties (id, reference, source, title, description, price, currency, location, offer,
	kind, status, bedrooms, bathrooms, area_m2, lot_m2, year_built, floor, latitude, longitude, photos,
	created_at, updated_at)
	VALUES ('` + one + `', '0042', 'mls-a', 'T "1"', E, 999999999999.99, 'HKD', '香港', 'rent', 'room', 'sold', 3, 2.25,
	9999999999.99, 0.07, 1955, -1, 47.123456789012345, -0.1, '["https://a.b/c"]',
	'2020-01-02T03:04:05.100000Z', '2020-01-02T03:04:05.678901Z')`

func TestImagesAreWholeAndExact(t *testing.T) {
	want := map[string]any{
		"id": one, "reference": "0042", "source": "mls-a", "title": `T "1"`, "description": "a\nb",
		"price":    json.Number("999999999999.99"),
		"currency": "HKD", "location": "香港", "offer": "rent", "kind": "room", "status": "sold",
		"bedrooms": json.Number("3"), "bathrooms": json.Number("2.25"), "area_m2": json.Number("9999999999.99"),
		"lot_m2": json.Number("0.07"), "year_built": json.Number("1955"), "floor": json.Number("-1"),
		"latitude": json.Number("47.123456789012345"), "longitude": json.Number("-0.1"), "photos": []any{"https://a.b/c"},
		"version": json.Number("1"), "created_at": "2020-01-02T03:04:05.100000Z", "updated_at": "2020-01-02T03:04:05.678901Z",
	}
	onBoth(t, func(t *testing.T, db *bun.DB) {
		exec(t, db, strings.Replace(insertFull, "E,", "'a\nb',", 1),
			`UPDATE properties SET price = 450000.5, bathrooms = NULL, area_m2 = NULL, lot_m2 = NULL, year_built = NULL,
				floor = NULL, latitude = NULL, longitude = NULL`,
			"DELETE FROM properties")
		changes := readFeed(t, db)
		for name := range changes[0].After {
			if _, ok := want[name]; !ok {
				t.Errorf("insertFull and this test lack %s, so its text in images is not tested", name)
			}
		}
		withoutPhotos := maps.Clone(want)
		delete(withoutPhotos, "photos")
		compare(t, "inserted", changes[0].After, want)
		compare(t, "before the update", changes[1].Before, withoutPhotos)

		after := maps.Clone(want)
		after["price"], after["version"] = json.Number("450000.50"), json.Number("2")
		after["bathrooms"], after["area_m2"], after["latitude"], after["longitude"] = nil, nil, nil, nil
		after["lot_m2"], after["year_built"], after["floor"] = nil, nil, nil
		after["updated_at"] = changes[1].After["updated_at"]
		compare(t, "after the update", changes[1].After, after)
		if at, _ := after["updated_at"].(string); len(at) != 27 || at < "2026" || !strings.HasSuffix(at, "Z") {
			t.Errorf("updated_at is %q", at)
		}
		delete(after, "photos")
		compare(t, "before the delete", changes[2].Before, after)
		if changes[0].Before != nil || changes[2].After != nil {
			t.Error("an insert has no before, a delete no after")
		}
	})
}

// compare compares two images, except for columns that the listing does not set.
func compare(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	maps.DeleteFunc(got, func(name string, value any) bool {
		_, wanted := want[name]
		return value == nil && !wanted
	})
	numbers := cmp.Comparer(func(a, b json.Number) bool {
		x, err := a.Float64()
		y, err2 := b.Float64()
		return a == b || strings.Contains(string(a), ".") && x == y && errors.Join(err, err2) == nil
	})
	if diff := cmp.Diff(want, got, numbers); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestNumbersComeOutOfImagesAsTheyWentIn(t *testing.T) {
	onBoth(t, func(t *testing.T, db *bun.DB) {
		random := rand.New(rand.NewPCG(1, 2))
		prices, places := map[string]string{}, map[string]float64{}
		var rows []string
		for i := range 300 {
			title := "t" + strconv.Itoa(i)
			cents := random.Int64N(int64(math.Pow10(1 + i%14)))
			prices[title] = fmt.Sprintf("%d.%02d", cents/100, cents%100)
			places[title] = (random.Float64() - 0.5) * math.Pow10(2-i%18)
			rows = append(rows, fmt.Sprintf("('%s', 'L', %s, %s, %s)", title, prices[title],
				strconv.FormatFloat(places[title], 'g', -1, 64), strconv.FormatFloat(places[title], 'g', -1, 64)))
		}
		exec(t, db, "INSERT INTO properties (title, location, price, latitude, longitude) VALUES "+strings.Join(rows, ", "))
		for _, c := range readFeed(t, db) {
			title := c.After["title"].(string)
			if got := c.After["price"].(json.Number).String(); got != prices[title] {
				t.Errorf("price %s, want %s", got, prices[title])
			}
			if got, err := c.After["latitude"].(json.Number).Float64(); err != nil || got != places[title] {
				t.Errorf("latitude %v, want %v (%v)", c.After["latitude"], places[title], err)
			}
		}
	})
}
