package bunstore_test

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// TestHandWrittenRowsAreListingsLikeAnyOther inserts the fewest columns that SQL may.
func TestHandWrittenRowsAreListingsLikeAnyOther(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		ids := []string{
			"00000000-0000-0000-0000-000000000000", "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
			"f47ac10b-58cc-4372-a567-0e02b2c3d479", "ffffffff-ffff-ffff-ffff-ffffffffffff",
		}
		for _, id := range ids {
			_, err := db.Writer().
				Exec("INSERT INTO properties (id, title, price, location) VALUES (?, 'By hand', 12.3, 'Łódź')", id)
			if err != nil {
				t.Fatal(err)
			}
		}
		page, _, err := db.Repository().Search(t.Context(), parse(t, "sort=price&min_price=12.3&max_price=12.30"))
		if err != nil || len(page.Properties) != len(ids) {
			t.Fatalf("found %d listings, error %v", len(page.Properties), err)
		}
		for i, p := range page.Properties {
			if p.ID.String() != ids[i] || p.Price != 12_30 || p.Currency != "USD" || p.Version != 1 || p.Location != "Łódź" ||
				p.CreatedAt.IsZero() || p.Bedrooms.Valid || p.Reference != "" || p.Photos != nil {
				t.Errorf("found %+v", p)
			}
		}
		if _, err := db.Writer().Exec("UPDATE properties SET price = 99999999.99 WHERE id = ?", ids[1]); err != nil {
			t.Fatal(err)
		}
		p, _, err := db.Repository().Find(t.Context(), page.Properties[1].ID)
		if err != nil || p.Version != 2 || p.Price != 99_999_999_99 {
			t.Fatalf("after an update by hand: %+v, error %v", p, err)
		}
	})
}

func TestNumbersAreExactToTheLastDigit(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		prices := []property.Decimal{0, 1, 10, 29, 100, 57_99, 999_999_999_999_98, property.MaxPrice}
		for i, price := range prices {
			store(t, db, listing(t, i+1, func(d *property.Details) {
				d.Price = price
				d.AreaM2 = property.Some(min(price, property.MaxAreaM2))
				d.Coordinates = property.Some(property.Coordinates{Latitude: 47.60621000000001, Longitude: -5e-324})
			}))
		}
		for i, price := range prices {
			text := price.String()
			page, _, err := db.Repository().Search(t.Context(), parse(t, "min_price="+text+"&max_price="+text))
			if err != nil || len(page.Properties) != 1 {
				t.Fatalf("found %d listings at %s, error %v", len(page.Properties), text, err)
			}
			want := listing(t, i+1, func(d *property.Details) { *d = page.Properties[0].Details })
			if got := page.Properties[0]; got.Price != price || got.AreaM2.Value != min(price, property.MaxAreaM2) ||
				got.Coordinates.Value != (property.Coordinates{Latitude: 47.60621000000001, Longitude: -5e-324}) ||
				got.ID != want.ID {
				t.Fatalf("found %+v at %s", got, text)
			}
		}
	})
}

func TestWildcardsMeanNothing(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		for i, title := range []string{"100% brick", "100 bricks", "a_b", "axb", `back\slash`, "back/slash", "it's",
			`"quoted"`, "what?0"} {
			store(t, db, listing(t, i+1, func(d *property.Details) { d.Title = title; d.Location = title }))
		}
		for part, want := range map[string]int{
			"100%": 2, "1%0": 0, "a_b": 1, "A%B": 1, "a\\b": 1, "axb": 1, `K\S`: 2, `"quoted"`: 1, "its": 1, "t?0": 1, "%x%": 1,
		} {
			for _, query := range []string{"q=", "location="} {
				question := query + url.QueryEscape(part)
				page, _, err := db.Repository().Search(t.Context(), parse(t, question))
				if err != nil || len(page.Properties) != want {
					t.Errorf("%s finds %d listings, not %d; error %v", question, len(page.Properties), want, err)
				}
			}
		}
	})
}

func TestLettersOfAnyAlphabetAreFoundInEitherCase(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		for i, title := range []string{"MÜNCHEN", "москва", "Αθήνα", "東京"} {
			store(t, db, listing(t, i+1, func(d *property.Details) { d.Title = title }))
		}
		for _, word := range []string{"münchen", "МОСКВА", "ΑΘΉΝΑ", "東京"} {
			page, _, err := db.Repository().Search(t.Context(), parse(t, "q="+word))
			if err != nil || len(page.Properties) != 1 {
				t.Errorf("%s finds %d listings, error %v", word, len(page.Properties), err)
			}
		}
	})
}

func TestPhotosAreReadableInTheTable(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		photos := []string{"https://example.com/a?b=1&c=2", "http://example.com/<d>"}
		p := store(t, db, listing(t, 1, func(d *property.Details) { d.Photos = photos }))
		if !slices.Equal(p.Photos, photos) {
			t.Fatalf("stored photos are %q", p.Photos)
		}
		found := lines(t, db, "SELECT photos FROM properties")
		if len(found) != 1 || !strings.Contains(found[0], "?b=1&c=2") {
			t.Fatalf("the table has %q", found)
		}
	})
}

func TestDatabaseThatCannotFoldTextIsRefused(t *testing.T) {
	db := open(t, template.Postgres(t))
	_, err := db.Writer().Exec("CREATE DATABASE gable_test_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = db.Writer().Exec("DROP DATABASE gable_test_ascii WITH (FORCE)") }()
	before, after, _ := strings.Cut(db.URL(), "/gable_test_")
	_, options, _ := strings.Cut(after, "?")
	_, err = bunstore.Open(t.Context(), bunstore.Options{URL: before + "/gable_test_ascii?" + options})
	if !errors.Is(err, bunstore.ErrUnfitDatabase) || !strings.Contains(err.Error(), "SQL_ASCII") {
		t.Fatalf("opening it gives %v", err)
	}
}

// A pooler that lends one connection to many clients forgets the statements that one of them has prepared.
func TestPostgresWritesWhenItsPreparedStatementsAreLost(t *testing.T) {
	db, err := bunstore.Open(t.Context(), bunstore.Options{URL: template.Postgres(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := store(t, db, listing(t, 1))
	for range 2 {
		if _, err := db.Writer().Exec("DEALLOCATE ALL"); err != nil {
			t.Fatal(err)
		}
		store(t, db, listing(t, int(p.Version)+1))
		change, err := db.Repository().Update(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		p = *change.After
	}
	if p.Version != 3 {
		t.Errorf("version %d after two updates", p.Version)
	}
}

// A write returns the transaction that wrote the state it replaced, or a later one. A ledger that lacks that
// transaction does not know the state.
func TestAWriteReturnsTheTransactionWhoseStateItReplaced(t *testing.T) {
	onEach(t, func(t *testing.T, db *bunstore.DB) {
		p := store(t, db, listing(t, 1))
		lastTx := func() uint64 {
			tx, err := strconv.ParseUint(lines(t, db,
				"SELECT CAST(tx AS text) FROM property_changes ORDER BY seq DESC LIMIT 1")[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return tx
		}
		byHand(t, db.Writer(), "UPDATE properties SET price = 2")
		replaced := lastTx()
		p.Version++
		change, err := db.Repository().Update(t.Context(), p)
		if err != nil || change.BeforeTx != replaced {
			t.Errorf("an update returns %d, want %d: %v", change.BeforeTx, replaced, err)
		}
		replaced = lastTx()
		if change, err = db.Repository().Delete(t.Context(), p.ID, 0); err != nil || change.BeforeTx != replaced {
			t.Errorf("a delete returns %d, want %d: %v", change.BeforeTx, replaced, err)
		}

		batch := []ports.Incoming{{Property: listing(t, 2, func(d *property.Details) { d.Reference = "batch" })}}
		for price := range property.Decimal(2) {
			batch[0].Price = price
			if _, err := db.Repository().Upsert(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		byHand(t, db.Writer(), "UPDATE properties SET price = 2")
		replaced, batch[0].Price = lastTx(), 3
		if done, err := db.Repository().Upsert(t.Context(), batch); err != nil || done[0].Change.BeforeTx != replaced {
			t.Errorf("a batch returns %+v, before %d: %v", done, replaced, err)
		}
	})
}

func TestARowNamesItsTransactionByHalfANumber(t *testing.T) {
	const turn = 1 << 32
	for _, c := range []struct {
		low, present int64
		want         uint64
	}{
		{700, 800, 700}, {800, 800, 800}, {2, 5*turn + 800, 5*turn + 2}, {800, 5*turn + 800, 5*turn + 800},
		{801, 5*turn + 800, 5*turn + 801}, {turn - 1, turn + 3, turn - 1}, {turn + 3, turn - 1, turn + 3}, {900, 800, 900},
		{800 + turn/2, 5*turn + 800, 4*turn + turn/2 + 800}, {799 + turn/2, 5*turn + 800, 5*turn + turn/2 + 799},
	} {
		if got := bunstore.WholeXid(c.low%turn, c.present); got != c.want {
			t.Errorf("%d beside %d is %d, want %d", c.low, c.present, got, c.want)
		}
	}
}
