package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// uniqueness is a kind of unique constraint that a row can violate.
type uniqueness int8

const (
	notViolated uniqueness = iota
	primaryKey
	uniqueColumn // on a unique column other than the key: a listing's reference, the name of an API key or account
)

// transience says whether an error may go away by itself. It is outage when the database cannot serve now, retry when
// another transaction was in the way and the same steps may succeed at once, hungUp when the server has ended the
// connection.
type transience struct{ outage, retry, hungUp bool }

// explain adds what the call was doing to an error, and marks outages as ports.ErrUnavailable. The cause stays
// visible to errors.Is and errors.As. The context is the one with the call's own deadline.
func (db *DB) explain(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", doing, orCause(err, context.Canceled))
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w: %w", doing, ports.ErrUnavailable, orCause(err, context.DeadlineExceeded))
	case unreachable(err), db.dialect.transient(err) != transience{}:
		return fmt.Errorf("%s: %w: %w", doing, ports.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// orCause returns an error that wraps cause, even where the driver's error does not.
func orCause(err, cause error) error {
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// Reason says why a call failed, where the schema is wrong or the database itself refused; else it is "". It names no
// addresses, users or statements.
func Reason(err error) string {
	switch code := postgresCode(err); {
	case errors.Is(err, ErrSchemaOlder):
		return "the schema is older than the program"
	case errors.Is(err, ErrSchemaNewer):
		return "the schema is newer than the program"
	case errors.Is(err, errNotRecorded):
		return "changes of listings are not recorded"
	case strings.HasPrefix(code, "28"):
		return "authentication failed"
	case code == "3D000":
		return "no such database"
	case code == "53300":
		return "too many connections"
	case code == "57P03":
		return "starting up or shutting down"
	case code == "42501":
		return "permission denied"
	case code == "57014":
		return "timed out"
	case code != "":
		return "refused"
	}
	return ""
}

// unreachable reports whether the connection is to blame rather than the statement.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

// domainError translates the error with which the database refuses a listing.
func (db *DB) domainError(err error) error {
	switch db.dialect.violated(err) {
	case primaryKey:
		return fmt.Errorf("%w: %w", property.ErrVersionConflict, err)
	case uniqueColumn:
		return fmt.Errorf("%w: %w", property.ErrReferenceTaken, err)
	}
	return err
}
