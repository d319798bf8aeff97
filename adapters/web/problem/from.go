package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// known maps the sentinel errors of the inner packages to problems. An outage comes first: it is never reported as
// anything else.
var known = []struct {
	err error
	doc Document
}{
	{ports.ErrBusy,
		Unavailable.New("The service is too busy for this; try again in a moment. Searches cost less with words of " +
			"three letters or more, fewer words, and without a count.")},
	{exchange.ErrSlow, InvalidRequest.New("The body did not come in time.")},
	{ports.ErrUnavailable, Unavailable.New("The database cannot be reached at the moment.")},
	{context.DeadlineExceeded, Unavailable.New("The request took too long.")},
	{context.Canceled, Unavailable.New("The request was canceled.")},
	{property.ErrNotFound, NotFound.New("There is no such listing.")},
	{property.ErrInvalidID, InvalidID.New("The id is not a UUID.", Error{Parameter: "id", Detail: "must be a UUID"})},
	{property.ErrReferenceTaken, Conflict.New("Another listing already has this reference.",
		Error{Pointer: "/reference", Detail: "belongs to another listing"})},
	{property.ErrVersionConflict, PreconditionFailed.New("The listing has been changed meanwhile.")},
	{property.ErrInvalidCursor, InvalidCursor.New("The cursor does not belong to this search.",
		Error{Parameter: "cursor", Detail: "must be the next of a page of the same search"})},
	{ports.ErrInvalidFeedCursor, InvalidCursor.New("The cursor in after or Last-Event-ID was not made by this service.",
		Error{Parameter: "after", Detail: "or Last-Event-ID must be the next of a page of changes or the id of an event"})},
	{ports.ErrFeedCursorGone, Gone.New("The changes after this cursor are no longer stored. Ask for "+
		"/v1/changes?after=now, save its next, export all listings, then follow from that next.", Error{Parameter: "after",
		Detail: "or Last-Event-ID is older than the stored changes, or from before the database was restored"})},
	{ports.ErrIdempotencyKeyReused, IdempotencyKeyReused.New("This key was sent before with another body.",
		Error{Parameter: "Idempotency-Key", Detail: "was used for another request"})},
	{ports.ErrNotCached,
		NotCached.New("No cache has a current answer, and only-if-cached rules out the database.")},
	{property.ErrEmptySource, IncompleteSource.New("The import was not begun: no row of the body has a reference.")},
	{freshness.ErrInvalidToken, InvalidRequest.New("The Consistency-Token was not made by this service.",
		Error{Parameter: "Consistency-Token", Detail: "must be * or what an answer of this service carried"})},
	{access.ErrUnknownKey, Unauthorized.New("The key does not exist, or it has been revoked.")},
}

// From returns the problem for an error of a request with a body, in which wrong values are named by their place. A
// *RefusalError carries its own problem. Any other unknown error becomes Internal, without detail.
func From(err error) Document {
	if refusal, ok := errors.AsType[*RefusalError](err); ok {
		return refusal.Document
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			return k.doc
		}
	}
	if invalid, ok := errors.AsType[*property.InvalidError](err); ok {
		return InvalidProperty.New(summary(invalid.Fields), inBody(invalid.Fields)...)
	}
	if missing, ok := errors.AsType[*property.TooManyMissingError](err); ok {
		return IncompleteSource.New(fmt.Sprintf("The import was not begun: %v.", missing))
	}
	if members, ok := errors.AsType[*propertyjson.MemberError](err); ok {
		return InvalidRequest.New(summary(members.Fields), inBody(members.Fields)...)
	}
	if syntax, ok := errors.AsType[*propertyjson.SyntaxError](err); ok {
		return InvalidRequest.New(fmt.Sprintf("The body %s (byte %d).", syntax.Reason, syntax.Offset))
	}
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return PayloadTooLarge.New(fmt.Sprintf("A body may have up to %d bytes.", tooLong.Limit))
	}
	return Internal.New("")
}

// FromSearch is like From for a request without a body: wrong values are named by their parameter.
func FromSearch(err error) Document {
	if invalid, ok := errors.AsType[*property.InvalidError](err); ok {
		return InvalidRequest.New(summary(invalid.Fields), inParameters(invalid.Fields)...)
	}
	return From(err)
}

// summary returns the first wrong value, and how many others are wrong.
func summary(fields []property.FieldError) string {
	if len(fields) == 0 {
		return ""
	}
	first := fields[0].Field
	if first == "" {
		first = "The body"
	}
	switch others := len(fields) - 1; others {
	case 0:
		return fmt.Sprintf("%s %s.", first, fields[0].Reason)
	case 1:
		return fmt.Sprintf("%s %s, and one more thing is wrong.", first, fields[0].Reason)
	default:
		return fmt.Sprintf("%s %s, and %d more things are wrong.", first, fields[0].Reason, others)
	}
}

func inBody(fields []property.FieldError) []Error {
	list := make([]Error, len(fields))
	for i, f := range fields {
		list[i].Detail = f.Reason
		if f.Field != "" {
			list[i].Pointer = "/" + f.Field
		}
	}
	return list
}

func inParameters(fields []property.FieldError) []Error {
	list := make([]Error, len(fields))
	for i, f := range fields {
		list[i] = Error{Parameter: f.Field, Detail: f.Reason}
	}
	return list
}
