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

// columns gives the text of a column or made-up value of one row, and whether the row has it.
type columns func(name string) (text string, present bool)

// said is what an expression makes of a row: a text, and whether the row had what it takes to say so. An empty text
// that is not certain is made from a column that is absent.
type said struct {
	text    string
	certain bool
}

// source is where an expression's text comes from.
type source func(columns) (said, error)

// expression makes a text from a row: a source, and then steps in a fixed order.
type expression struct {
	column string // when the source is a column: its name, for messages
	source source
	steps  []func(string, columns) (string, error)
}

func (e *expression) eval(row columns) (said, error) {
	s, err := e.source(row)
	if err != nil {
		return said{}, err
	}
	for _, step := range e.steps {
		if s.text, err = step(s.text, row); err != nil {
			return said{}, e.blame(err, row)
		}
	}
	return s, nil
}

// blame adds to an error what the column says.
func (e *expression) blame(err error, row columns) error {
	var blamed *columnError
	if e.column == "" || errors.As(err, &blamed) {
		return err
	}
	text, _ := row(e.column)
	return &columnError{err: err, column: e.column, text: text}
}

// columnError says which column made an expression fail.
type columnError struct {
	err          error
	column, text string
}

func (e *columnError) Error() string {
	return fmt.Sprintf("%v (column %s is %q)", e.err, e.column, shorten(e.text, 60))
}

// constant is the same text for every row.
func constant(text string) source {
	return func(columns) (said, error) { return said{text, true}, nil }
}

// first is the first of several expressions that is not empty.
func first(alternatives []expression) source {
	return func(row columns) (said, error) {
		nothing := said{certain: true}
		for _, e := range alternatives {
			s, err := e.eval(row)
			if err != nil || s.text != "" {
				return said{s.text, true}, err
			}
			nothing.certain = nothing.certain && s.certain
		}
		return nothing, nil
	}
}

// sum adds numbers; what is empty counts as zero, and nothing at all stays nothing.
func sum(parts []expression) source {
	return func(row columns) (said, error) {
		total, found, nothing := decimal.Zero, false, said{certain: true}
		for _, e := range parts {
			s, err := e.eval(row)
			if err != nil {
				return said{}, err
			}
			if s.text == "" {
				nothing.certain = nothing.certain && s.certain
				continue
			}
			n, err := parseNumber(s.text)
			if err != nil {
				return said{}, e.blame(err, row)
			}
			total, found = total.Add(n), true
		}
		if !found {
			return nothing, nil
		}
		return said{certainly(total.String()), true}, nil
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

// pattern is a regular expression for the whole text, and what to make of a text that it matches.
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
		return orElse(otherwise)
	}
}

// table replaces the text by what stands beside it.
func table(entries lookup, otherwise *string) func(string, columns) (string, error) {
	return func(text string, _ columns) (string, error) {
		if text == "" {
			return "", nil
		}
		if value, ok := entries.find(text); ok {
			return value, nil
		}
		return orElse(otherwise)
	}
}

var errUnknown = errors.New("is not among the values that the mapping knows")

func orElse(otherwise *string) (string, error) {
	if otherwise == nil {
		return "", errUnknown
	}
	return *otherwise, nil
}

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
	if property.Ambiguous(text) {
		return decimal.Zero, &property.AmbiguousError{Text: text}
	}
	return exactNumber(text)
}

// exactNumber reads a number whose point stands before decimals, bounded so that a hostile exponent costs nothing.
func exactNumber(text string) (decimal.Decimal, error) {
	const longest, furthest = 64, 30
	if len(text) > longest {
		return decimal.Zero, errNotNumber
	}
	if _, err := property.ParseNumber(text); err != nil {
		return decimal.Zero, errNotNumber
	}
	n, err := decimal.NewFromString(text)
	if err != nil || n.Exponent() > furthest || n.Exponent() < -longest {
		return decimal.Zero, errNotNumber
	}
	return n, nil
}

// certainly spells a number whose point is known to stand before decimals so that nobody has to ask again: 2.250
// becomes 2.2500, which is the same.
func certainly(number string) string {
	if property.Ambiguous(number) {
		return number + "0"
	}
	return number
}

// shorten cuts a text that has more than limit characters at the end of a word and adds an ellipsis, which is counted.
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
