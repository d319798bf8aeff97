package bunstore_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/domain/property"
)

const (
	writers        = 16
	writesEach     = 40     // of every writer, in one turn
	benchListings  = 10_000 // in the table when a turn begins
	firstNewNumber = 1 << 16
)

// BenchmarkWrites has 16 writers write to a table of 10,000 listings, in three ways. The ways take turns, so that all
// three meet the same load of the machine:
//
//   - gable: the repository, on the schema as it is;
//   - bare: the same calls, thus the same statements over the same driver, on a copy of the table without triggers,
//     where no change is recorded and no version is counted;
//   - by hand: the statement that a person would write, on such a copy.
//
// It reports the writes/s of each, and the median over the turns of gable's rate as a share of the other two. Writes
// are as durable as in production: the server is one of the benchmark's own, with fsync.
//
//	go test ./adapters/bunstore -run '^$' -bench Writes -benchtime 20x
func BenchmarkWrites(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	server := servicetest.StartPostgres(b, "fsync=on")
	for _, mix := range []struct {
		name             string
		updates, inserts int // per cent; the rest are deletes
	}{
		{"update", 100, 0},
		{"insert", 0, 100},
		{"delete", 0, 0},
		{"mixed", 60, 20},
	} {
		b.Run(mix.name, func(b *testing.B) {
			bench := newWriteBench(b, server, mix.updates, mix.inserts)
			b.Logf("fsync is %s", lines(b, bench[0].db, "SHOW fsync")[0])
			bench.round(b, 0)
			for _, way := range bench {
				way.took = nil
			}
			for turn := 1; b.Loop(); turn++ {
				bench.round(b, turn)
			}
			bench.report(b)
		})
	}
}

// writeBench is the three ways: gable, bare, by hand.
type writeBench [3]*way

func newWriteBench(b *testing.B, server *servicetest.Server, updates, inserts int) writeBench {
	var bench writeBench
	for i := range bench {
		w := &way{db: open(b, server.Database()), updates: updates, inserts: inserts}
		if i > 0 {
			bulk(b, w.db, benchListings)
		} else {
			crowd(b, w.db, benchListings)
		}
		w.writer = repositoryWriter{w.db.Repository()}
		if i == 2 {
			w.writer = handWriter{w.db.Writer()}
		}
		w.numbers.Store(firstNewNumber)
		w.replica = connect(b, w.db)
		execAll(b, w.replica, "SET session_replication_role = replica", "CREATE TABLE stock AS TABLE properties",
			"VACUUM ANALYZE properties")
		bench[i] = w
	}
	return bench
}

// round gives each way a turn, starting with another one each time.
func (bench writeBench) round(b *testing.B, number int) {
	for i := range bench {
		bench[(i+number)%len(bench)].turn(b)
	}
}

func (bench writeBench) report(b *testing.B) {
	for i, name := range []string{"gable", "bare", "by-hand"} {
		var total time.Duration
		shares := make([]float64, len(bench[i].took))
		for turn, took := range bench[i].took {
			total += took
			shares[turn] = took.Seconds() / bench[0].took[turn].Seconds()
		}
		b.ReportMetric(float64(writers*writesEach*len(shares))/total.Seconds(), name+"-writes/s")
		if i > 0 {
			slices.Sort(shares)
			b.ReportMetric(shares[len(shares)/2], "of-"+name)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// way is one way to write, with a database of its own.
type way struct {
	db               *bunstore.DB
	replica          *pgx.Conn // to restock by
	writer           writer
	updates, inserts int // per cent
	numbers          atomic.Int64
	took             []time.Duration
}

// turn restores the listings of the table, and then measures how long the writers take. Every writer has its own
// share of the listings, so the writers do not block each other.
func (w *way) turn(b *testing.B) {
	b.StopTimer()
	defer b.StartTimer()
	stock := w.restock(b)
	var done sync.WaitGroup
	start := time.Now()
	for share := range slices.Chunk(stock, len(stock)/writers) {
		done.Go(func() {
			if err := w.write(b.Context(), share); err != nil {
				b.Error(err)
			}
		})
	}
	done.Wait()
	w.took = append(w.took, time.Since(start))
}

// restock undoes inserts and deletes, without any trigger, and returns the listings of the table.
func (w *way) restock(b *testing.B) []property.Property {
	execAll(b, w.replica, `DELETE FROM properties p WHERE NOT EXISTS (SELECT FROM stock s WHERE s.id = p.id)`,
		`INSERT INTO properties SELECT * FROM stock ON CONFLICT DO NOTHING`)
	var stock []property.Property
	search := &property.Search{Limit: benchListings}
	for more := true; more; more = search.After.Valid { // a page has a bound on its bytes, too
		page, _, err := w.db.Repository().Search(b.Context(), search)
		if err != nil {
			b.Fatal(err)
		}
		stock, search.After = append(stock, page.Properties...), search.Next(page)
	}
	if len(stock) != benchListings {
		b.Fatalf("%d listings", len(stock))
	}
	return stock
}

func (w *way) write(ctx context.Context, share []property.Property) error {
	for range writesEach {
		var err error
		at := rand.N(len(share))
		switch chance := rand.N(100); {
		case chance < w.updates:
			share[at].Price = property.Decimal(rand.N(900_000_00))
			share[at], err = w.writer.update(ctx, share[at])
		case chance < w.updates+w.inserts:
			err = w.writer.insert(ctx, w.another(share[at]))
		default:
			err = w.writer.remove(ctx, share[at])
			share = slices.Delete(share, at, at+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// another returns a new listing like this one. Ids grow with time, as those of the program do.
func (w *way) another(p property.Property) property.Property {
	n := w.numbers.Add(1)
	p.ID = property.ID{0: byte(n >> 16), 1: byte(n >> 8), 2: byte(n), 6: 0x70, 8: 0x80}
	p.Version = 1
	return p
}

// writer is one way to write. Its update returns the listing as stored.
type writer interface {
	insert(ctx context.Context, p property.Property) error
	update(ctx context.Context, p property.Property) (property.Property, error)
	remove(ctx context.Context, p property.Property) error
}

type repositoryWriter struct{ *bunstore.PropertyRepository }

func (w repositoryWriter) insert(ctx context.Context, p property.Property) error {
	_, err := w.Create(ctx, p, nil)
	return err
}

func (w repositoryWriter) update(ctx context.Context, p property.Property) (property.Property, error) {
	change, err := w.Update(ctx, p)
	if err != nil {
		return p, err
	}
	return *change.After, nil
}

func (w repositoryWriter) remove(ctx context.Context, p property.Property) error {
	_, err := w.Delete(ctx, p.ID, p.Version)
	return err
}

type handWriter struct{ *bun.DB }

func (w handWriter) insert(ctx context.Context, p property.Property) error {
	at := p.Coordinates.Value
	_, err := w.ExecContext(ctx, `INSERT INTO properties
		(id, title, description, price, location, kind, status, bedrooms, area_m2, latitude, longitude)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.ID.String(), p.Title, p.Description, p.Price.String(), p.Location,
		string(p.Kind), string(p.Status), p.Bedrooms.Value, p.AreaM2.Value.String(), at.Latitude, at.Longitude)
	return err
}

func (w handWriter) update(ctx context.Context, p property.Property) (property.Property, error) {
	_, err := w.ExecContext(ctx, "UPDATE properties SET price = ? WHERE id = ?", p.Price.String(), p.ID.String())
	return p, err
}

func (w handWriter) remove(ctx context.Context, p property.Property) error {
	_, err := w.ExecContext(ctx, "DELETE FROM properties WHERE id = ?", p.ID.String())
	return err
}

// execAll runs statements in the role of a replica, which fires no trigger.
func execAll(b *testing.B, replica *pgx.Conn, statements ...string) {
	for _, statement := range statements {
		if _, err := replica.Exec(b.Context(), statement); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
}
