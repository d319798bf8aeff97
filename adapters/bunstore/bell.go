package bunstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/jackc/pgx/v5"
)

// Bell wakes those who follow the change feed in other processes, so that they need not wait for their next poll. It says
// nothing but "look": nobody relies on hearing it. It is rung after a commit and from a connection of its own, because
// NOTIFY takes a lock on the whole database until its transaction has committed.
type Bell struct {
	db    *DB
	voice string // tells this process's own rings from others'
}

// Bell is the database's bell, or nil where it has none.
func (db *DB) Bell() *Bell {
	if _, ok := db.dialect.(postgresDialect); !ok {
		return nil
	}
	return &Bell{db: db, voice: rand.Text()}
}

const bellChannel = "gable_changes"

// Ring wakes everybody who listens, in this database, except those with this very bell. The error wraps
// ports.ErrUnavailable when the database cannot be reached.
func (b *Bell) Ring(ctx context.Context) error {
	ctx, cancel := b.db.bounded(ctx)
	defer cancel()
	_, err := b.db.feed.NewRaw("SELECT pg_notify(?, ?)", bellChannel, b.voice).Exec(ctx)
	return b.db.explain(ctx, "ring the bell", err)
}

// Listen calls ready when it has begun to listen, and heard each time the bell is rung, until the context ends or the
// connection fails, which is always an error. A connection that has gone quiet is not noticed.
func (b *Bell) Listen(ctx context.Context, ready, heard func()) error {
	config, err := b.db.postgresConfig(0)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return b.db.explain(ctx, "listen to the bell", err)
	}
	defer hangUp(ctx, conn)
	if _, err := conn.Exec(ctx, "LISTEN "+bellChannel); err != nil {
		return b.db.explain(ctx, "listen to the bell", err)
	}
	ready()
	for {
		ring, err := conn.WaitForNotification(ctx)
		if err != nil {
			return b.db.explain(ctx, "listen to the bell", err)
		}
		if ring.Payload != b.voice {
			heard()
		}
	}
}

// hangUp says good-bye to the server, and does not wait long for it to hear.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is over either way
}
