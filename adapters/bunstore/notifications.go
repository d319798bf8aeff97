package bunstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Notifications wakes those who follow the change feed in other processes, so that they need not wait for their next poll. It says
// nothing but "look": nobody relies on hearing it. It is rung after a commit and from a connection of its own, because
// NOTIFY takes a lock on the whole database until its transaction has committed.
type Notifications struct {
	db      *DB
	sender  string        // tells this process's own rings from others'
	silence time.Duration // after which a listener asks whether there is still a server
}

// Notifications is the database's bell, or nil where it has none.
func (db *DB) Notifications() *Notifications {
	if _, ok := db.dialect.(postgresDialect); !ok {
		return nil
	}
	return &Notifications{db: db, sender: rand.Text(), silence: notifySilence}
}

const (
	notifyChannel = "gable_changes"
	// notifySilence is long beside what it costs to ask, and short beside what an operator would wait.
	notifySilence = 15 * time.Second
)

// Notify wakes everybody who listens, in this database, except those with this very bell. The error wraps
// ports.ErrUnavailable when the database cannot be reached.
func (b *Notifications) Notify(ctx context.Context) error {
	ctx, cancel := b.db.bounded(ctx)
	defer cancel()
	_, err := b.db.feed.NewRaw("SELECT pg_notify(?, ?)", notifyChannel, b.sender).Exec(ctx)
	return b.db.explain(ctx, "ring the bell", err)
}

// Listen calls ready when it has begun to listen, and heard each time the bell is rung, until the context ends or the
// connection fails, which is always an error. One that has merely gone quiet is asked for an answer now and then.
func (b *Notifications) Listen(ctx context.Context, ready, heard func()) error {
	config, err := b.db.postgresConfig(0)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return b.db.explain(ctx, "listen to the bell", err)
	}
	defer closeConn(ctx, conn)
	if err := b.ask(ctx, conn, "LISTEN "+notifyChannel); err != nil {
		return err
	}
	ready()
	for {
		ring, err := b.wait(ctx, conn)
		switch {
		case err != nil:
			return err
		case ring != nil && ring.Payload != b.sender:
			heard()
		}
	}
}

// wait returns the next ring, or nil when there was none for a while and the server still answers.
func (b *Notifications) wait(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	waiting, cancel := context.WithTimeout(ctx, b.silence)
	defer cancel()
	ring, err := conn.WaitForNotification(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, b.ask(ctx, conn, "SELECT 1")
	}
	return ring, b.db.explain(ctx, "listen to the bell", err)
}

func (b *Notifications) ask(ctx context.Context, conn *pgx.Conn, statement string) error {
	ctx, cancel := b.db.bounded(ctx)
	defer cancel()
	_, err := conn.Exec(ctx, statement)
	return b.db.explain(ctx, "listen to the bell", err)
}

// closeConn says good-bye to the server, and does not wait long for it to hear.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is over either way
}
