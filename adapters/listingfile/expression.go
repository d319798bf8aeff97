package listingfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/gable-listings/gable/domain/property"
)

// columns returns the text of a column or made-up value of one row, and whether the row has it.
type columns func(name string) (text string, present bool)

// result is the text that an expression makes of a row. It is certain when the row has the columns that the expression
// needs; an empty text that is not certain means that a column is absent.
type result struct {
	text    string
	certain bool
	notes   []string // what of the row is left out
}

// source makes an expression's text from the columns, before its steps.
type source func(columns) (result, error)

// expression makes a text from a row: a source, and then steps in a fixed order.
type expression struct {
	column string // when the source is a column: its name, for messages
	source source
	steps  []func(string, columns) (string, error)
}

func (e *expression) eval(row columns) (result, error) {
	s, err := e.source(row)
	if err != nil {
		return result{}, e.blame(err, row)
	}
	for _, step := range e.steps {
		if s.text, err = step(s.text, row); err != nil {
			return result{}, e.blame(err, row)
		}
	}
	return s, nil
}

// blame adds the expression's column and its text to an error that names neither.
func (e *expression) blame(err error, row columns) error {
	var blamed *columnError
	var unclear *property.AmbiguousError // names the text
	if e.column == "" || errors.As(err, &blamed) || errors.As(err, &unclear) {
		return err
	}
	text, _ := row(e.column)
	return &columnError{err: err, column: e.column, text: text}
}

// columnError is an error of an expression with the column that caused it.
type columnError struct {
	err          error
	column, text string
}

func (e *columnError) Error() string {
	return fmt.Sprintf("%v (column %s is %q)", e.err, e.column, shorten(e.text, 60))
}

// constant is the same text for every row.
func constant(text string) source {
	return func(columns) (result, error) { return result{text: text, certain: true}, nil }
}

// first takes the first of several expressions that is not empty.
func first(alternatives []expression) source {
	return func(row columns) (result, error) {
		nothing := result{certain: true}
		for _, e := range alternatives {
			s, err := e.eval(row)
			if err != nil || s.text != "" {
				s.certain = true
				return s, err
			}
			nothing.certain = nothing.certain && s.certain
		}
		return nothing, nil
	}
}

// sum adds numbers. An empty number counts as zero, but without any number the sum is empty.
func sum(parts []expression) source {
	return func(row columns) (result, error) {
		total, found, nothing := decimal.Zero, false, result{certain: true}
		for _, e := range parts {
			s, err := e.eval(row)
			if err != nil {
				return result{}, err
			}
			if s.text == "" {
				nothing.certain = nothing.certain && s.certain
				continue
			}
			n, err := parseNumber(s.text)
			if err != nil {
				return result{}, e.blame(err, row)
			}
			total, found = total.Add(n), true
		}
		if !found {
			return nothing, nil
		}
		return result{text: unambiguous(total.String()), certain: true}, nil
	}
}

// none empties the texts that stand for "unknown".
func none(markers []string) func(string, columns) (string, error) {
	return func(text string, _ columns) (string, error) {
		trimmed := strings.TrimSpace(text)
		for _, marker := range markers {
			if trimmed == marker {
				return "", nil
			}
		}
		return text, nil
	}
}

// pattern is a regular expression for the whole text, and the value for a text that it matches.
type pattern struct {
	match *regexp.Regexp
	value string // may use $1 and so on
}

func patterns(all []pattern, otherwise *string) func(string, columns) (string, error) {
	return func(text string, _ columns) (string, error) {
		if text == "" {
			return "", nil
		}
		for _, p := range all {
			if found := p.match.FindStringSubmatchIndex(text); found != nil {
				return string(p.match.ExpandString(nil, p.value, text, found)), nil
			}
		}
		if otherwise == nil {
			return "", errUnknown
		}
		return *otherwise, nil
	}
}

// table replaces the text by its entry in a table.
func table(entries lookup, otherwise *string) func(string, columns) (string, error) {
	return func(text string, _ columns) (string, error) {
		if text == "" {
			return "", nil
		}
		if value, ok := entries.find(text); ok {
			return value, nil
		}
		if otherwise == nil {
			return "", entries.unknown(text)
		}
		return *otherwise, nil
	}
}

var errUnknown = errors.New("is not among the values that the mapping knows")

// times multiplies a number exactly and rounds it half up to two digits after the point.
func times(factor expression) func(string, columns) (string, error) {
	return func(text string, row columns) (string, error) {
		if text == "" {
			return "", nil
		}
		n, err := parseNumber(text)
		if err != nil {
			return "", err
		}
		by, err := factor.eval(row)
		if err != nil {
			return "", err
		}
		f, err := parseNumber(by.text)
		if err != nil {
			return "", err
		}
		return n.Mul(f).Round(2).String(), nil
	}
}

var errNotNumber = errors.New("must be a decimal number")

// parseNumber reads a number as property.ParseWritten does, with any number of digits after the point.
func parseNumber(text string) (decimal.Decimal, error) {
	if unclear, ok := errors.AsType[*property.AmbiguousError](property.CheckWritten(text)); ok {
		return decimal.Zero, unclear
	}
	return exactNumber(text)
}

// exactNumber reads a number whose point stands before decimals. It bounds the exponent, so that a hostile one costs
// nothing; the smallest degrees that an export can have are within.
func exactNumber(text string) (decimal.Decimal, error) {
	const longest, furthest, smallest = 64, 30, -400
	if len(text) > longest {
		return decimal.Zero, errNotNumber
	}
	if _, err := property.ParseNumber(text); err != nil {
		return decimal.Zero, errNotNumber
	}
	n, err := decimal.NewFromString(text)
	if err != nil || n.Exponent() > furthest || n.Exponent() < smallest {
		return decimal.Zero, errNotNumber
	}
	return n, nil
}

// unambiguous writes a number whose point is known to stand before decimals so that it cannot be misread. 2.250
// becomes 2.2500, which is the same.
func unambiguous(number string) string {
	if property.Ambiguous(number) {
		return number + "0"
	}
	return number
}

// shorten cuts a text of more than limit characters at the end of a word and adds an ellipsis, which counts as a
// character.
func shorten(text string, limit int) string {
	if limit <= 0 || utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)[:limit-1]
	cut := string(runes)
	if at := strings.LastIndexAny(cut, " \n\t"); at > len(cut)/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " \n\t,;:-–—") + "…"
}
