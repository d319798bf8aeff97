package property

import (
	"errors"
	"fmt"
	"strings"
)

// The errors of requests about listings. Adapters translate their own errors into these.
var (
	// ErrNotFound means that no listing has the requested id. It never stands for an outage.
	ErrNotFound = errors.New("no such listing")
	// ErrReferenceTaken means that another listing already has the reference.
	ErrReferenceTaken = errors.New("the reference belongs to another listing")
	// ErrVersionConflict means that the listing is no longer at the version that the caller meant to change.
	ErrVersionConflict = errors.New("the listing has been changed meanwhile")
	// ErrInvalidCursor means that a cursor was not made by this service, or was made for another search.
	ErrInvalidCursor = errors.New("the cursor does not belong to this search")
)

// FieldError is what is wrong with one field or search parameter.
type FieldError struct {
	// Field is the name as the HTTP contract spells it, such as "price", "photos/3" or "min_price".
	Field string
	// Reason completes the sentence "price …": it starts with a lower-case letter and has no full stop.
	Reason string
}

// InvalidError has everything that is wrong with a listing or a search, in the order of the fields.
type InvalidError struct {
	Fields []FieldError
}

// Error lists all fields with their reasons in one line.
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = strings.TrimSpace(f.Field + " " + f.Reason)
	}
	return "invalid: " + strings.Join(parts, "; ")
}

// Invalid is an error about a single field.
func Invalid(field, format string, args ...any) error {
	var e InvalidError
	e.add(field, format, args...)
	return &e
}

func (e *InvalidError) add(field, format string, args ...any) {
	e.Fields = append(e.Fields, FieldError{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// orNil is the error, or nil when nothing is wrong.
func (e *InvalidError) orNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}
