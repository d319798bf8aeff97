package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"github.com/uptrace/bun"
)

// Django is the Postgres database of a Django service, whose listings are in properties_property. It is only read, and
// all of it is as it was when it was opened.
type Django struct {
	pool *bun.DB
	tx   bun.Tx
	db   *DB
}

// DjangoListing is a row of properties_property. A column that is NULL is empty.
type DjangoListing struct {
	ID int64
	// Price is as Postgres writes the number.
	Title, Description, Price, Location string
	CreatedAt                           time.Time
}

// OpenDjango connects to the database. Errors: ErrInvalidURL, ports.ErrUnavailable.
func OpenDjango(ctx context.Context, url string) (*Django, error) {
	if !isPostgres(url) {
		return nil, invalidURL("a Django service is read from Postgres, and its URL begins with postgres://")
	}
	d := &Django{db: &DB{dialect: postgresDialect{}, options: Options{URL: url, QueryTimeout: defaultQueryTimeout}}}
	var err error
	if d.pool, err = d.db.postgresPool(1, 0); err != nil {
		return nil, err
	}
	d.tx, err = d.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, errors.Join(d.db.explain(ctx, "connect to the Django database", err), d.pool.Close())
	}
	return d, nil
}

// Close closes the connection.
func (d *Django) Close() error {
	_ = d.tx.Rollback() // it has only read, and may be over already
	return d.pool.Close()
}

// Count returns how many listings there are.
func (d *Django) Count(ctx context.Context) (count int64, err error) {
	err = d.tx.NewRaw("SELECT count(*) FROM properties_property").Scan(ctx, &count)
	return count, d.db.explain(ctx, "count properties_property", err)
}

// DjangoRows reads the listings, the lowest id first.
type DjangoRows struct {
	ctx  context.Context //nolint:containedctx // for the errors of Next
	db   *DB
	rows *sql.Rows
}

// Rows opens the listings. The rows of an earlier call must have been read to their end.
func (d *Django) Rows(ctx context.Context) (*DjangoRows, error) {
	//nolint:rowserrcheck // Next checks it
	rows, err := d.tx.QueryContext(ctx, `SELECT id, coalesce(title, ''), coalesce(description, ''),
		coalesce(price::text, ''), coalesce(location, ''), created_at FROM properties_property ORDER BY id`)
	if err != nil {
		return nil, d.db.explain(ctx, "read properties_property", err)
	}
	return &DjangoRows{ctx, d.db, rows}, nil
}

// Next returns the next listing. The error is io.EOF after the last.
func (r *DjangoRows) Next() (listing DjangoListing, err error) {
	if !r.rows.Next() {
		if err = errors.Join(r.rows.Err(), r.rows.Close()); err == nil {
			return listing, io.EOF
		}
		return listing, r.db.explain(r.ctx, "read properties_property", err)
	}
	var created sql.NullTime
	err = r.rows.Scan(&listing.ID, &listing.Title, &listing.Description, &listing.Price, &listing.Location, &created)
	listing.CreatedAt = created.Time
	return listing, r.db.explain(r.ctx, "read properties_property", err)
}
