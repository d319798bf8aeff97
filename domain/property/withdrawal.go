package property

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrEmptySource means that a source which should be complete has no record with a reference.
var ErrEmptySource = errors.New("the file has no row with a reference, so it cannot be the complete source")

// Live reports whether a listing with this status is on offer: active or pending.
func (s Status) Live() bool { return s == StatusActive || s == StatusPending }

// LiveStatuses are the statuses of listings on offer.
func LiveStatuses() []Status { return []Status{StatusActive, StatusPending} }

// CheckedSource is the name of a source as it is stored. The error is an *InvalidError when the name is empty or
// breaks the rules of the field source.
func CheckedSource(name string) (string, error) {
	var wrong InvalidError
	name = strings.TrimSpace(name)
	wrong.text("source", name, true, MaxSource, false)
	return name, wrong.orNil()
}

// Withdrawal is about the live listings of a source that a complete file lacks.
type Withdrawal struct {
	Source     string
	Live       int       // live listings of the source before the import
	Missing    int       // of these, those that the file lacks
	Withdrawn  int       // of the missing ones, those that are withdrawn, or in a dry run would be
	References []string  // of the first missing ones; the id of a listing without a reference
	Unreadable int       // rejected records without a readable reference; they count for no listing
	TooMany    bool      // more are missing than may be withdrawn
	Refused    []Refusal // the first missing ones that cannot be withdrawn
}

// Exceeds reports whether more listings are missing than the share of the live ones, 0 to 1.
func (w *Withdrawal) Exceeds(share float64) bool {
	const parts = 1_000_000 // a share such as 0.29 is not exact
	return int64(w.Missing)*parts > int64(w.Live)*int64(math.Round(share*parts))
}

// TooManyMissingError means that a complete source lacks more listings than may be withdrawn. Nothing is stored.
type TooManyMissingError struct {
	Withdrawal
	UpTo float64 // the share of the live listings that may be withdrawn, 0 to 1
}

// Error is the numbers in a sentence.
func (e *TooManyMissingError) Error() string {
	return fmt.Sprintf("the file lacks %d of the %d live listings of the source %s; at most %s of them may be withdrawn",
		e.Missing, e.Live, e.Source, PercentText(e.UpTo))
}

// PercentText is a share from 0 to 1 as people write it, such as 12.5%.
func PercentText(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e6)/1e4, 'f', -1, 64) + "%"
}
