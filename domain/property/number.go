package property

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// AmbiguousError means that a number is not written as its source says numbers are written, or that it can be read
// in two ways. The point in 450.000 separates thousands in one country and decimals in another.
type AmbiguousError struct {
	Text     string
	Readings []string // one or two, each written so that it can be read
}

// Error names the spellings of all readings.
func (e *AmbiguousError) Error() string {
	if len(e.Readings) == 1 {
		return fmt.Sprintf("must be written as %s, not %q", e.Readings[0], e.Text)
	}
	return fmt.Sprintf("must be written as %s, not %q, which could be either",
		strings.Join(e.Readings, " or as "), e.Text)
}

// thousandsOrDecimals matches numbers in which each point stands where a thousands separator would.
var thousandsOrDecimals = regexp.MustCompile(`^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+$`)

// Ambiguous reports whether a number written by a person can be read in two ways. A machine's number, as in JSON or
// in a database, is never ambiguous.
func Ambiguous(text string) bool { return thousandsOrDecimals.MatchString(text) }

// ParseWritten is ParseDecimal for a number from a program that also passes on what people write. It has one more
// error, the *AmbiguousError of CheckWritten.
func ParseWritten(text string) (Decimal, error) {
	d, err := ParseDecimal(text)
	if !errors.Is(err, ErrNotDecimal) && !Ambiguous(text) {
		return d, err
	}
	if unclear, ok := errors.AsType[*AmbiguousError](CheckWritten(text)); ok {
		return 0, unclear
	}
	return 0, err
}

// CheckWritten returns nil for a plain number with one reading, *AmbiguousError for another number that NumberStyle
// knows, and ErrNotNumber for any other text.
func CheckWritten(text string) error {
	plain, err := NumberStyle{}.Plain(text)
	if err == nil && plain != text {
		return &AmbiguousError{Text: text, Readings: []string{plain}}
	}
	return err
}

// decimalNumber matches a JSON number, and also numbers with leading zeros.
var decimalNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// ErrNotNumber means that a text is not a finite decimal number.
var ErrNotNumber = errors.New("not a number")

// ParseNumber reads a decimal number such as -122.33 as a float. It accepts digits, a point and an exponent, and
// none of Go's other spellings of floats.
func ParseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(n, 0) || !decimalNumber.MatchString(text) {
		return 0, ErrNotNumber
	}
	return n + 0, nil // turns -0 into 0, so that both are equal
}

// ParseWhole reads a whole number from lowest to highest. The text has only digits, after a minus where lowest is
// negative.
func ParseWhole(text string, lowest, highest int) (int, error) {
	digits, negative := text, false
	if lowest < 0 {
		digits, negative = strings.CutPrefix(text, "-")
	}
	magnitude, err := strconv.ParseUint(digits, 10, 31)
	n := int(magnitude)
	if negative {
		n = -n
	}
	if err != nil || n < lowest || n > highest {
		return 0, ErrNotNumber
	}
	return n, nil
}
