package property

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// TypedStyle is how people type numbers on the pages. The pages write them alike: a point before decimals, and commas,
// spaces, apostrophes or underscores between thousands.
var TypedStyle = NumberStyle{Groups: ", '_"}

// TypedError says why a typed number cannot be used. Its text completes the sentence "area_m2 …".
type TypedError struct{ Reason string }

// Error is the reason.
func (e *TypedError) Error() string { return e.Reason }

// ReadTyped reads a number that a person has typed for a field of money, of a whole number or of a decimal. Money may
// have a short form such as 450k or 1.2m. An area may have its unit and is converted to square metres. Errors are
// *AmbiguousError and *TypedError; the rules of a listing are not checked.
func (f *Field) ReadTyped(text string) (Decimal, error) {
	var d Decimal
	var err error
	switch {
	case f.Type == MoneyField:
		d, err = readTypedMoney(text)
	case f.SquareMetres:
		d, err = readTypedArea(text)
	default:
		d, err = ParseTyped(text)
	}
	if f.Type == WholeField && (err != nil || d%one != 0) { // the readings of 2,5 are of no use
		return 0, f.notNumber(text)
	}
	switch {
	case unreadable(err):
		return 0, f.notNumber(text)
	case errors.Is(err, ErrTooPrecise):
		return 0, &TypedError{f.TooPrecise() + ", unlike " + quoted(text)}
	case errors.Is(err, ErrOutOfRange):
		return 0, &TypedError{"is out of range: " + quoted(text)}
	}
	return d, err
}

// ParseTyped reads a number that a person has typed, without a unit. Errors are *AmbiguousError, ErrNotNumber and those
// of ParseDecimal.
func ParseTyped(text string) (Decimal, error) {
	plain, err := TypedStyle.Plain(text)
	if err != nil {
		return 0, err
	}
	return ParseDecimal(plain)
}

// unreadable reports whether the text was no number at all.
func unreadable(err error) bool { return errors.Is(err, ErrNotNumber) || errors.Is(err, ErrNotDecimal) }

// notNumber says what the field expects.
func (f *Field) notNumber(text string) error {
	switch {
	case f.Type == MoneyField:
		return &TypedError{fmt.Sprintf("must be an amount like 450,000, 1250.50 or 450k, not %s", quoted(text))}
	case f.Type == WholeField:
		return &TypedError{fmt.Sprintf("must be a whole number from %s to %s, not %s", f.Min.Short(), f.Max.Short(),
			quoted(text))}
	case f.SquareMetres:
		return &TypedError{fmt.Sprintf("must be a number like 1,250 or 85.5, with or without one of the units %s, not %s",
			unitNames, quoted(text))}
	}
	return &TypedError{fmt.Sprintf("must be a number like 2 or 2.5, not %s", quoted(text))}
}

// shortMoney matches an amount in thousands or millions.
var shortMoney = regexp.MustCompile(`^(.*[0-9０-９])\pZ*([kKmM])$`)

var shortPowers = map[string]string{"k": "e3", "m": "e6"}

func readTypedMoney(text string) (Decimal, error) {
	amount, _ := splitSign(text)
	short := shortMoney.FindStringSubmatch(amount)
	if short == nil {
		return ParseTyped(amount)
	}
	plain, err := TypedStyle.Plain(short[1])
	if err != nil {
		return 0, withUnit(err, text, short[2])
	}
	if strings.ContainsAny(plain, "eE") {
		return 0, ErrNotNumber
	}
	return ParseDecimal(plain + shortPowers[strings.ToLower(short[2])])
}

// withUnit names the readings of a number with the unit that was typed after it.
func withUnit(err error, text, unit string) error {
	var ambiguous *AmbiguousError
	if !errors.As(err, &ambiguous) {
		return err
	}
	named := &AmbiguousError{Text: text}
	for _, reading := range ambiguous.Readings {
		named.Readings = append(named.Readings, reading+unit)
	}
	return named
}

// quoted is the beginning of a text in quotes, for messages.
func quoted(text string) string {
	const most = 60
	if runes := []rune(text[:min(len(text), 5*most)]); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}
