package listingfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// columns gives the text of a column or made-up value of one row; "" when the row has none.
type columns func(name string) string

// expression makes a text from a row: a source, and then steps in a fixed order. The empty text means that the row says
// nothing.
type expression struct {
	column string // when the source is a column: its name, for messages
	source func(columns) (string, error)
	steps  []func(string, columns) (string, error)
}

func (e *expression) eval(row columns) (string, error) {
	text, err := e.source(row)
	if err != nil {
		return "", err
	}
	for _, step := range e.steps {
		if text, err = step(text, row); err != nil {
			return "", e.blame(err, row)
		}
	}
	return text, nil
}

// blame adds to an error what the column says.
func (e *expression) blame(err error, row columns) error {
	var blamed *columnError
	if e.column == "" || errors.As(err, &blamed) {
		return err
	}
	return &columnError{err: err, column: e.column, text: row(e.column)}
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
func constant(text string) func(columns) (string, error) {
	return func(columns) (string, error) { return text, nil }
}

// first is the first of several expressions that says something.
func first(alternatives []expression) func(columns) (string, error) {
	return func(row columns) (string, error) {
		for _, e := range alternatives {
			if text, err := e.eval(row); err != nil || text != "" {
				return text, err
			}
		}
		return "", nil
	}
}

// sum adds numbers; what says nothing counts as zero, and nothing at all stays nothing.
func sum(parts []expression) func(columns) (string, error) {
	return func(row columns) (string, error) {
		total, found := decimal.Zero, false
		for _, e := range parts {
			text, err := e.eval(row)
			if err != nil {
				return "", err
			}
			if text == "" {
				continue
			}
			n, err := parseNumber(text)
			if err != nil {
				return "", err
			}
			total, found = total.Add(n), true
		}
		if !found {
			return "", nil
		}
		return total.String(), nil
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
func table(entries map[string]string, otherwise *string) func(string, columns) (string, error) {
	return func(text string, _ columns) (string, error) {
		if text == "" {
			return "", nil
		}
		if value, ok := entries[strings.TrimSpace(text)]; ok {
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
		f, err := parseNumber(by)
		if err != nil {
			return "", err
		}
		return n.Mul(f).Round(2).String(), nil
	}
}

var errNotNumber = errors.New("must be a decimal number")

// parseNumber reads plain decimal text, bounded so that a hostile exponent costs nothing.
func parseNumber(text string) (decimal.Decimal, error) {
	const longest, furthest = 64, 30
	if len(text) > longest {
		return decimal.Zero, errNotNumber
	}
	n, err := decimal.NewFromString(text)
	if err != nil || n.Exponent() > furthest || n.Exponent() < -longest {
		return decimal.Zero, errNotNumber
	}
	return n, nil
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
