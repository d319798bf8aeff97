package bunstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Notifications wakes followers of the change feed in other processes, so that they need not wait for their next
// poll. A notification says only that there is something to poll, and may be lost. It is sent after a commit and from
// a connection of its own, because NOTIFY takes a lock on the whole database until its transaction has committed.
type Notifications struct {
	db      *DB
	sender  string        // distinguishes this process's own notifications
	silence time.Duration // after which a listener checks that the server still answers
}

// Notifications returns the database's notifier, or nil for SQLite.
func (db *DB) Notifications() *Notifications {
	if _, ok := db.dialect.(postgresDialect); !ok {
		return nil
	}
	return &Notifications{db: db, sender: rand.Text(), silence: notifySilence}
}

const (
	notifyChannel = "gable_changes"
	// notifySilence is long compared with the cost of a check, and short compared with an operator's patience.
	notifySilence = 15 * time.Second
)

// Notify wakes every listener in this database except those of this notifier. The error wraps ports.ErrUnavailable
// when the database cannot be reached.
func (b *Notifications) Notify(ctx context.Context) error {
	ctx, cancel := b.db.withTimeout(ctx)
	defer cancel()
	_, err := b.db.feed.NewRaw("SELECT pg_notify(?, ?)", notifyChannel, b.sender).Exec(ctx)
	return b.db.explain(ctx, "notify", err)
}

// Listen calls ready when it has begun to listen, and then notified for each notification of another process. It
// returns when the context ends or the connection fails, always with an error. After each silence it checks that the
// server still answers.
func (b *Notifications) Listen(ctx context.Context, ready, notified func()) error {
	config, err := b.db.postgresConfig(0)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return b.db.explain(ctx, "listen for notifications", err)
	}
	defer closeConn(ctx, conn)
	if err := b.exec(ctx, conn, "LISTEN "+notifyChannel); err != nil {
		return err
	}
	ready()
	for {
		notification, err := b.wait(ctx, conn)
		switch {
		case err != nil:
			return err
		case notification != nil && notification.Payload != b.sender:
			notified()
		}
	}
}

// wait returns the next notification, or nil when the silence has passed and the server still answers.
func (b *Notifications) wait(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	waiting, cancel := context.WithTimeout(ctx, b.silence)
	defer cancel()
	notification, err := conn.WaitForNotification(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, b.exec(ctx, conn, "SELECT 1")
	}
	return notification, b.db.explain(ctx, "listen for notifications", err)
}

func (b *Notifications) exec(ctx context.Context, conn *pgx.Conn, statement string) error {
	ctx, cancel := b.db.withTimeout(ctx)
	defer cancel()
	_, err := conn.Exec(ctx, statement)
	return b.db.explain(ctx, "listen for notifications", err)
}

// closeConn ends the session with the server, and waits at most a second for it.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is over either way
}
