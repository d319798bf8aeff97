package property

// Record is one listing of a source such as a file, or the reason why it is not one.
type Record struct {
	// Line is where the record begins in the source, counted from 1; of a compressed file, once it is uncompressed.
	Line int
	// Details are the listing's. With an error they hold what could be read, the reference above all.
	Details Details
	// Absent are the fields that the record lacks, which is less than empty: a stored listing retains its own, and a new one
	// gets the defaults.
	Absent Fields
	// Err is nil, an *InvalidError, whose empty field stands for the record as a whole, or any other reason.
	Err error
	// Raw is the record as it stands in the source, without the last line ending, for reports; nil when it is too long. It
	// does not change later.
	Raw []byte
}

// ImportReport counts the records of an import. Read is the sum of the others, except in a dry run, in which known
// listings count as neither created nor updated.
type ImportReport struct {
	Read       int
	Created    int
	Updated    int
	Unchanged  int // known, and the same already
	Superseded int // a later record of the same source has the same reference
	Rejected   int // cannot be imported
	// Reasons are those of the first rejected records, as many as the import was to report.
	Reasons []Rejection
}

// Rejection is why a record cannot be imported.
type Rejection struct {
	Line      int
	Reference string // "" when it could not be read
	Wrong     []FieldError
}

// BrokenFileError says that a source as a whole cannot be read, or not to its end. What was stored before stays.
type BrokenFileError struct{ Err error }

// Error is the cause.
func (e *BrokenFileError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *BrokenFileError) Unwrap() error { return e.Err }
