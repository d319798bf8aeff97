package property

// Record is one listing of a source such as a file, or the reason why it cannot be read.
type Record struct {
	// Line is where the record begins in the source, counted from 1; of a compressed file, once it is uncompressed.
	Line int
	// Details are the listing's. With an error they hold what could be read, the reference above all.
	Details Details
	// Absent are the fields that the record lacks; a lacking field is less than an empty one. A stored listing
	// retains its own value, and a new one gets the default.
	Absent Fields
	// State is what a service had set. A source that is read for a restore has all of it; an import takes the time of
	// creation, if it is set.
	State State
	// Err is nil, an *InvalidError, or any other reason. An empty field name in it means the record as a whole.
	Err error
	// Notes say what of the record cannot be stored, such as more photos than a listing has. The rest is imported.
	Notes []FieldError
	// Raw is the record as it stands in the source, for reports, without the last line ending; nil when it is too
	// long. It never changes.
	Raw []byte
}

// BrokenFileError means that a source as a whole cannot be read, or not to its end. Listings stored before it stay.
type BrokenFileError struct{ Err error }

// Error is the text of the cause.
func (e *BrokenFileError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *BrokenFileError) Unwrap() error { return e.Err }
