package propertyjson

import (
	"fmt"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// SyntaxError says that a text is not one JSON value.
type SyntaxError struct {
	Offset int64  // the byte at which reading stopped
	Reason string // completes "the text …"
}

// Error says what is wrong and where.
func (e *SyntaxError) Error() string { return fmt.Sprintf("the text %s (byte %d)", e.Reason, e.Offset) }

// MemberError names members that are unknown, repeated, set by the service, or of the wrong JSON type. It is about
// the shape of the object; values that break a rule are a *property.InvalidError.
type MemberError struct {
	// Fields are the places, as JSON pointers without the first slash ("price", "photos/3"), in the order of the text.
	// A single empty one stands for the text as a whole. At most MaxMemberErrors are named.
	Fields []property.FieldError
}

// MaxMemberErrors bounds how many wrong members are named.
const MaxMemberErrors = 100

// Error lists all members with their reasons in one line.
func (e *MemberError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = strings.TrimSpace(f.Field + " " + f.Reason)
	}
	return strings.Join(parts, "; ")
}
