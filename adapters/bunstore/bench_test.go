package bunstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// benchRows are the sizes of the tables to search: 1,000 and 100,000 listings, or those in GABLE_BENCH_ROWS, such as
// "1000,1000000".
func benchRows(b *testing.B) []int {
	text := os.Getenv("GABLE_BENCH_ROWS")
	if text == "" {
		return []int{1_000, 100_000}
	}
	var sizes []int
	for size := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			b.Fatalf("GABLE_BENCH_ROWS=%s: %v", text, err)
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// BenchmarkSearchMiss loads a page of 20 listings behind a filter. It compares that with reading the rows of the same
// SQL with the bare driver (pgx itself, or SQLite's through database/sql).
func BenchmarkSearchMiss(b *testing.B) {
	for _, kind := range databases[:2] {
		for _, size := range benchRows(b) {
			b.Run(fmt.Sprintf("%s/%d", kind.name, size), func(b *testing.B) {
				db := open(b, kind.url(b))
				bulk(b, db, size)
				search := behind(b, db, parse(b, "kind=apartment&min_price=200000"), 100)
				b.Run("gable", func(b *testing.B) {
					for b.Loop() {
						page, _, err := db.Repository().Search(b.Context(), search)
						if err != nil || len(page.Properties) != 20 {
							b.Fatal(err)
						}
					}
				})
				b.Run("driver", func(b *testing.B) { driverReads(b, db, db.SearchSQL(search)) })
			})
		}
	}
}

// bulk inserts listings for a benchmark that only reads: without triggers that takes a tenth of the time.
func bulk(b *testing.B, db *bunstore.DB, size int) {
	drop := "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'"
	if db.IsPostgres() {
		drop = "SELECT 'ALTER TABLE properties DISABLE TRIGGER USER'"
	}
	for _, statement := range lines(b, db, drop) {
		if _, err := db.Writer().Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	crowd(b, db, size)
}

func driverReads(b *testing.B, db *bunstore.DB, statement string) {
	if !db.IsPostgres() {
		pool, err := sql.Open("sqlite", strings.Replace(db.URL(), "sqlite:", "file:", 1))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		for b.Loop() {
			rows, err := pool.QueryContext(b.Context(), statement)
			if err != nil {
				b.Fatal(err)
			}
			drain(b, rows)
		}
		return
	}
	conn := connect(b, db)
	for b.Loop() {
		rows, err := conn.Query(b.Context(), statement, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			if _, err := rows.Values(); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Err(); err != nil {
			b.Fatal(err)
		}
	}
}

func drain(b *testing.B, rows *sql.Rows) {
	columns, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
}

func connect(b testing.TB, db *bunstore.DB) *pgx.Conn {
	conn, err := pgx.Connect(b.Context(), db.URL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// batches makes count listings with references, in full batches.
func batches(b *testing.B, count int) [][]ports.Incoming {
	var all [][]ports.Incoming
	for n := range count {
		if n%ports.MaxBatch == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], ports.Incoming{Property: listing(b, n+1, func(d *property.Details) {
			d.Reference = fmt.Sprintf("R-%d", n)
			d.Description = "Four walls, a roof, and a view over the " + strconv.Itoa(n*7919%1000) + " roofs of the others."
			d.Price = property.Decimal(100_000_00 + n*7919%90_000_000)
			d.Coordinates = property.Some(property.Coordinates{Latitude: 47 + float64(n%1000)/1000,
				Longitude: -122 - float64(n*7%1000)/1000})
			d.Bedrooms, d.AreaM2 = property.Some(n%6), property.Some(property.Decimal(20_00+n*31%400_00))
		})})
	}
	return all
}

// BenchmarkUpsert inserts 10,000 new listings, and then upserts them without a difference. It compares that with the
// best bulk load: COPY for Postgres, one prepared INSERT in a transaction for SQLite, both into the same table
// without triggers.
func BenchmarkUpsert(b *testing.B) {
	const count = 10_000
	all := batches(b, count)
	for _, kind := range databases[:2] {
		b.Run(kind.name+"/new", func(b *testing.B) {
			each(b, count, func() (*bunstore.DB, func()) {
				db := open(b, kind.url(b))
				return db, func() { upsertAll(b, db, all) }
			})
		})
		b.Run(kind.name+"/unchanged", func(b *testing.B) {
			each(b, count, func() (*bunstore.DB, func()) {
				db := open(b, kind.url(b))
				upsertAll(b, db, all)
				return db, func() { upsertAll(b, db, all) }
			})
		})
		b.Run(kind.name+"/bulk load", func(b *testing.B) {
			each(b, count, func() (*bunstore.DB, func()) {
				db := open(b, kind.url(b))
				bulk(b, db, 1)
				return db, func() { load(b, db, all) }
			})
		})
	}
}

// each measures work that can be done once per database, and reports its rate.
func each(b *testing.B, count int, prepare func() (*bunstore.DB, func())) {
	var took time.Duration
	for range b.N {
		b.StopTimer()
		_, work := prepare()
		b.StartTimer()
		start := time.Now()
		work()
		took += time.Since(start)
	}
	b.ReportMetric(float64(count*b.N)/took.Seconds(), "rows/s")
}

func upsertAll(b *testing.B, db *bunstore.DB, all [][]ports.Incoming) {
	for _, batch := range all {
		if _, err := db.Repository().Upsert(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

var loadColumns = []string{
	"id", "reference", "title", "description", "price", "location", "bedrooms", "area_m2", "latitude", "longitude",
}

func loadValues(p property.Property) []any {
	return []any{
		p.ID.String(), p.Reference, p.Title, p.Description, float64(p.Price) / 100, p.Location, p.Bedrooms.Value,
		float64(p.AreaM2.Value) / 100, p.Coordinates.Value.Latitude, p.Coordinates.Value.Longitude,
	}
}

func load(b *testing.B, db *bunstore.DB, all [][]ports.Incoming) {
	var rows [][]any
	for _, batch := range all {
		for _, p := range batch {
			rows = append(rows, loadValues(p.Property))
		}
	}
	if db.IsPostgres() {
		if _, err := connect(b, db).CopyFrom(b.Context(), pgx.Identifier{"properties"}, loadColumns,
			pgx.CopyFromRows(rows)); err != nil {
			b.Fatal(err)
		}
		return
	}
	tx, err := db.Writer().DB.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	insert, err := tx.Prepare("INSERT INTO properties (" + strings.Join(loadColumns,
		", ") + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range rows {
		if _, err := insert.Exec(row...); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkUpdate changes one listing after another. It compares that with a plain UPDATE of the same columns on the
// same table without triggers.
func BenchmarkUpdate(b *testing.B) {
	for _, kind := range databases[:2] {
		b.Run(kind.name, func(b *testing.B) {
			db := open(b, kind.url(b))
			p := store(b, db, listing(b, 1<<20))
			b.Run("gable", func(b *testing.B) {
				for b.Loop() {
					p.Price++
					change, err := db.Repository().Update(b.Context(), p)
					if err != nil {
						b.Fatal(err)
					}
					p = *change.After
				}
			})
			bulk(b, db, 1_000)
			b.Run("plain", func(b *testing.B) {
				for n := 0; b.Loop(); n++ {
					_, err := db.Writer().
						Exec("UPDATE properties SET title = ?, description = ?, price = ?, version = version + 1 WHERE id = ?",
							p.Title, p.Description, n, p.ID.String())
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
