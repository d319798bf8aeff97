package listingfile

import (
	"fmt"

	"github.com/gable-listings/gable/domain/property"
)

// MaxRow is the longest row, in bytes, that is read. A longer one is rejected and skipped, and reading continues
// after it.
const MaxRow = 256 << 10

// FileError says why a file cannot be read, or not any further.
type FileError struct {
	Line   int    // where it is wrong; 0 for the file as a whole
	Reason string // completes "the file …"
	Err    error  // the cause, when there is one
}

// Error says what is wrong and on which line.
func (e *FileError) Error() string {
	text := "the file " + e.Reason
	if e.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Line, text)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap is the cause.
func (e *FileError) Unwrap() error { return e.Err }

// rowError returns an error about a row as a whole.
func rowError(format string, args ...any) error { return property.Invalid("", format, args...) }
