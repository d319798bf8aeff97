package bunstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bell wakes those who follow the change feed in other processes, so that they need not wait for their next poll. It says
// nothing but "look": nobody relies on hearing it. It is rung after a commit and from a connection of its own, because
// NOTIFY takes a lock on the whole database until its transaction has committed.
type Bell struct {
	db      *DB
	voice   string        // tells this process's own rings from others'
	silence time.Duration // after which a listener asks whether there is still a server
}

// Bell is the database's bell, or nil where it has none.
func (db *DB) Bell() *Bell {
	if _, ok := db.dialect.(postgresDialect); !ok {
		return nil
	}
	return &Bell{db: db, voice: rand.Text(), silence: bellSilence}
}

const (
	bellChannel = "gable_changes"
	// bellSilence is long beside what it costs to ask, and short beside what an operator would wait.
	bellSilence = 15 * time.Second
)

// Ring wakes everybody who listens, in this database, except those with this very bell. The error wraps
// ports.ErrUnavailable when the database cannot be reached.
func (b *Bell) Ring(ctx context.Context) error {
	ctx, cancel := b.db.bounded(ctx)
	defer cancel()
	_, err := b.db.feed.NewRaw("SELECT pg_notify(?, ?)", bellChannel, b.voice).Exec(ctx)
	return b.db.explain(ctx, "ring the bell", err)
}

// Listen calls ready when it has begun to listen, and heard each time the bell is rung, until the context ends or the
// connection fails, which is always an error. One that has merely gone quiet is asked for an answer now and then.
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
	if err := b.ask(ctx, conn, "LISTEN "+bellChannel); err != nil {
		return err
	}
	ready()
	for {
		ring, err := b.wait(ctx, conn)
		switch {
		case err != nil:
			return err
		case ring != nil && ring.Payload != b.voice:
			heard()
		}
	}
}

// wait returns the next ring, or nil when there was none for a while and the server still answers.
func (b *Bell) wait(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	waiting, cancel := context.WithTimeout(ctx, b.silence)
	defer cancel()
	ring, err := conn.WaitForNotification(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, b.ask(ctx, conn, "SELECT 1")
	}
	return ring, b.db.explain(ctx, "listen to the bell", err)
}

func (b *Bell) ask(ctx context.Context, conn *pgx.Conn, statement string) error {
	ctx, cancel := b.db.bounded(ctx)
	defer cancel()
	_, err := conn.Exec(ctx, statement)
	return b.db.explain(ctx, "listen to the bell", err)
}

// hangUp says good-bye to the server, and does not wait long for it to hear.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is over either way
}
