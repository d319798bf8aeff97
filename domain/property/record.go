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

// ImportReport counts the records of an import. Read is the sum of the others, except in a dry run: there, known
// listings count neither as created nor as updated.
type ImportReport struct {
	Read       int
	Created    int
	Updated    int
	Unchanged  int // known, and already the same
	Superseded int // a later record of the same source has the same reference
	Rejected   int // cannot be imported
	// Reasons are those of the first rejected records, up to the number that the import reports.
	Reasons []Rejection
	// Noted is the number of imported records with notes, and Notes are the first of them.
	Noted int
	Notes []RecordNotes
	// NextPage is the address at which the source continues; "" if it is whole, or does not say so.
	NextPage string
	// File says how the file was read. It is empty for a source that is not a file.
	File FileInfo
}

// RecordNotes are the notes of an imported record.
type RecordNotes struct {
	Line      int
	Reference string
	Title     string
	Notes     []FieldError
}

// FileInfo says how a file of records is read.
type FileInfo struct {
	Format   string   // such as "csv"
	Encoding string   // of a text, such as "utf-8"; "" for a workbook
	Sheet    string   // of a workbook; "" for a text
	Notes    []string // what a person may want to know, in sentences
}

// Rejection is the reason why a record cannot be imported.
type Rejection struct {
	Line      int
	Reference string // its beginning; "" when it could not be read
	Title     string // its beginning; "" when it could not be read
	Wrong     []FieldError
}

// BrokenFileError means that a source as a whole cannot be read, or not to its end. Listings stored before it stay.
type BrokenFileError struct{ Err error }

// Error is the text of the cause.
func (e *BrokenFileError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *BrokenFileError) Unwrap() error { return e.Err }
