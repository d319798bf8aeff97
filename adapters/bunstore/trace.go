package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/ports"
)

// tracedQueries is a hook that records a span for each statement, named by its kind: SELECT, INSERT, BEGIN. The
// statement itself, which holds what clients have written, stays out.
type tracedQueries struct{ trace ports.Trace }

// withTrace adds the hook if statements are traced.
func (db *DB) withTrace(pool *bun.DB) *bun.DB {
	if db.options.Trace == nil {
		return pool
	}
	return pool.WithQueryHook(tracedQueries{db.options.Trace})
}

type endSpan func(outcome string, err error)

// spanKey is the key under which an event stores its endSpan.
type spanKey struct{}

// BeforeQuery implements bun.QueryHook. It leaves the context as it is: statements of a transaction get the context
// of its BEGIN, and would be below a span that has ended.
func (t tracedQueries) BeforeQuery(ctx context.Context, event *bun.QueryEvent) context.Context {
	_, end := t.trace(ctx, "SQL "+statementKind(event.Operation()))
	event.Stash = map[any]any{spanKey{}: endSpan(end)}
	return ctx
}

// AfterQuery implements bun.QueryHook.
func (t tracedQueries) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	end, ok := event.Stash[spanKey{}].(endSpan)
	if !ok {
		return
	}
	if errors.Is(event.Err, sql.ErrNoRows) {
		end("", nil)
		return
	}
	end("", event.Err)
}

// statementKind is the letters with which a statement begins.
func statementKind(statement string) string {
	end := strings.IndexFunc(statement, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end >= 0 {
		statement = statement[:end]
	}
	return strings.ToUpper(statement)
}
