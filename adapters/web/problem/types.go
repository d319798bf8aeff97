package problem

import "net/http"

// Type is one kind of problem: its name in addresses, and the text of its page.
type Type struct {
	Name   string // lower-case words with hyphens
	Title  string
	Status int
	Cause  string // why it happens, in whole sentences
	Remedy string // what the client can do, in whole sentences
}

// URI returns the type's identifier, which is also the path of its page.
func (t Type) URI() string { return "/problems/" + t.Name }

// New returns a problem of this type. The detail is a whole sentence about this case, or empty.
func (t Type) New(detail string, errors ...Error) Document {
	return Document{Type: t.URI(), Title: t.Title, Status: t.Status, Detail: detail, Errors: errors}
}

// The problem types. A name never changes its meaning.
var (
	InvalidRequest = Type{
		Name: "invalid-request", Title: "Invalid request", Status: http.StatusBadRequest,
		Cause: "A parameter is unknown, repeated, malformed or in contradiction with another one, or the body is " +
			"not JSON of the right shape: members that are unknown, repeated or of the wrong type, or text after " +
			"its end.",
		Remedy: "Correct each item that \"errors\" names, and send the request again. Nothing was stored.",
	}
	InvalidID = Type{
		Name: "invalid-id", Title: "Invalid id", Status: http.StatusBadRequest,
		Cause: "The id in the address is not a UUID, so there cannot be a listing at this address.",
		Remedy: "Use the \"id\" of a listing as this service returned it. To find a listing by its reference, search " +
			"for it.",
	}
	InvalidCursor = Type{
		Name: "invalid-cursor", Title: "Invalid cursor", Status: http.StatusBadRequest,
		Cause: "The cursor was not made by this service, or it was made for a search with other filters or another " +
			"sort.",
		Remedy: "Take the cursor from \"next\" and send it with the same parameters as before; only \"limit\", " +
			"\"count\" and \"fields\" may differ. To begin again, leave the cursor out.",
	}
	Unauthorized = Type{
		Name: "unauthorized", Title: "Unauthorized", Status: http.StatusUnauthorized,
		Cause:  "This needs a key, and the request has none, or one that does not exist or has been revoked.",
		Remedy: "Send \"Authorization: Bearer gable_…\". An operator makes keys with \"gable admin create-key\".",
	}
	Forbidden = Type{
		Name: "forbidden", Title: "Forbidden", Status: http.StatusForbidden,
		Cause: "The key is valid, but its scope does not allow this. \"write\" may change listings, \"admin\" may " +
			"also empty caches.",
		Remedy: "Use a key with the scope that the problem's detail names.",
	}
	NotFound = Type{
		Name: "not-found", Title: "Not found", Status: http.StatusNotFound,
		Cause: "There is nothing at this address. A listing may never have existed, or it has been deleted.",
		Remedy: "Check the address. If it is that of a listing, the listing is gone. This service never reuses an " +
			"id; only SQL written by hand can bring one back.",
	}
	MethodNotAllowed = Type{
		Name: "method-not-allowed", Title: "Method not allowed", Status: http.StatusMethodNotAllowed,
		Cause:  "The address exists, but it does not have this method.",
		Remedy: "Use one of the methods in the header \"Allow\".",
	}
	Conflict = Type{
		Name: "conflict", Title: "Conflict", Status: http.StatusConflict,
		Cause: "Another listing already has this reference. A reference is unique, because it is how imports " +
			"recognise a listing.",
		Remedy: "Change the listing that has the reference, or choose another reference. Nothing was stored.",
	}
	IncompleteSource = Type{
		Name: "incomplete-source", Title: "Incomplete source", Status: http.StatusConflict,
		Cause: "The import is to withdraw the listings of its source that the body lacks, and the body lacks more of " +
			"them than may be withdrawn, or has no listing at all.",
		Remedy: "Check that the body is whole. If so many listings are to be withdrawn, say so in \"withdraw_up_to\", " +
			"such as 0.4. Nothing was stored.",
	}
	Gone = Type{
		Name: "gone", Title: "Gone", Status: http.StatusGone,
		Cause: "The changes that follow this cursor are no longer stored, or the cursor is from before the database " +
			"was restored or a standby took its place. The list would have a gap.",
		Remedy: "Ask for \"/v1/changes?after=now\", save its \"next\", export all listings, then follow from that " +
			"\"next\". Apply a change only if its version is higher than that of your copy.",
	}
	PreconditionFailed = Type{
		Name: "precondition-failed", Title: "Precondition failed", Status: http.StatusPreconditionFailed,
		Cause: "The listing has been changed since you read it: its version is not the one that \"If-Match\" names. " +
			"Without \"If-Match\", others repeatedly changed the listing while this change was made.",
		Remedy: "Read the listing again, look at what has changed, and send your change with the new \"ETag\". " +
			"Nothing was stored.",
	}
	PayloadTooLarge = Type{
		Name: "payload-too-large", Title: "Payload too large", Status: http.StatusRequestEntityTooLarge,
		Cause:  "The body is longer than this server takes: 1 MiB, unless its operator has changed that.",
		Remedy: "Send less. Many listings belong into an import, which may be of any length.",
	}
	UnsupportedMediaType = Type{
		Name: "unsupported-media-type", Title: "Unsupported media type", Status: http.StatusUnsupportedMediaType,
		Cause:  "The body is of a type, or has an encoding, that this address does not read.",
		Remedy: "Send one of the types that the documentation names, and say so in \"Content-Type\".",
	}
	InvalidProperty = Type{
		Name: "invalid-property", Title: "Invalid property", Status: http.StatusUnprocessableEntity,
		Cause: "The body could be read, but the values break a rule of listings: one is missing, too long or out of " +
			"range, say.",
		Remedy: "Correct each item that \"errors\" names, and send the request again. Nothing was stored.",
	}
	IdempotencyKeyReused = Type{
		Name: "idempotency-key-reused", Title: "Idempotency key reused", Status: http.StatusUnprocessableEntity,
		Cause: "This \"Idempotency-Key\" came before with another body, so the request is not a repetition of the " +
			"first one.",
		Remedy: "Make a new key for each new listing. To repeat a request, send the same body with the same key.",
	}
	PreconditionRequired = Type{
		Name: "precondition-required", Title: "Precondition required", Status: http.StatusPreconditionRequired,
		Cause: "This server takes a change only with \"If-Match\", so that no client overwrites a change that it " +
			"has not seen.",
		Remedy: "Read the listing, and send its \"ETag\" in \"If-Match\" with your change.",
	}
	TooManyRequests = Type{
		Name: "too-many-requests", Title: "Too many requests", Status: http.StatusTooManyRequests,
		Cause: "This client has sent more requests than it may, or has as many streams or exports open as it may. A " +
			"client is the holder of an API key or, without one, an address (of IPv6 the first 64 bits).",
		Remedy: "Try again after the seconds in \"Retry-After\". \"RateLimit\" says with each answer how many " +
			"requests are left; an import or export counts as 20, and answers of the view cache count next to " +
			"nothing.",
	}
	Internal = Type{
		Name: "internal", Title: "Internal error", Status: http.StatusInternalServerError,
		Cause:  "This is a fault of the service, not of the request. Its log has the cause under the request id.",
		Remedy: "Try again. If it persists, report the \"request_id\" to the operator of this server.",
	}
	Unavailable = Type{
		Name: "unavailable", Title: "Unavailable", Status: http.StatusServiceUnavailable,
		Cause: "The service is overloaded, is shutting down, or cannot reach its database in time.",
		Remedy: "Try again after the seconds in \"Retry-After\". A change may or may not have been made: before " +
			"repeating a creation without an \"Idempotency-Key\", look whether it is there.",
	}
	NotCached = Type{
		Name: "not-cached", Title: "Not cached", Status: http.StatusGatewayTimeout,
		Cause: "The request says \"Cache-Control: only-if-cached\", and no cache has an answer that is known to be " +
			"current.",
		Remedy: "Send the request without only-if-cached.",
	}
)

// All returns the problem types, by status.
func All() []Type {
	return []Type{
		InvalidRequest, InvalidID, InvalidCursor, Unauthorized, Forbidden, NotFound, MethodNotAllowed, Conflict,
		IncompleteSource, Gone,
		PreconditionFailed, PayloadTooLarge, UnsupportedMediaType, InvalidProperty, IdempotencyKeyReused,
		PreconditionRequired, TooManyRequests, Internal, Unavailable, NotCached,
	}
}
