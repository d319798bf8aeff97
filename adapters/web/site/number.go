package site

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gable-listings/gable/domain/property"
)

// typedNumber matches a number as people type it: a sign, digits, perhaps with marks between groups of three, a
// fraction.
var typedNumber = regexp.MustCompile(
	`^([-\x{2212}]?)([0-9]+|[0-9]{1,3}(?:[, _\x{a0}\x{202f}][0-9]{3})+)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$`)

// shortMoney matches an amount in thousands or millions.
var shortMoney = regexp.MustCompile(`^(.*[0-9])([kKmM])$`)

var (
	groupMarks  = strings.NewReplacer(",", "", " ", "", "_", "", "\u00a0", "", "\u202f", "")
	moneySigns  = strings.NewReplacer("$", "", "€", "", "£", "")
	shortPowers = map[string]string{"k": "e3", "m": "e6"}
)

// plainNumber converts a typed number to a plain one: $450,000 becomes 450000. Only money may have a currency sign or
// a short form such as 450k or 1.2m. A text that is not a number, or that has two readings, is returned unchanged:
// the user must correct the k of 2k bathrooms, the comma of 1,5 and the point of 450.000.
func plainNumber(text string, money bool) string {
	number, power := strings.TrimSpace(text), ""
	if money {
		number = strings.TrimSpace(moneySigns.Replace(number))
		if short := shortMoney.FindStringSubmatch(number); short != nil && !property.Ambiguous(short[1]) {
			number, power = strings.TrimSpace(short[1]), shortPowers[strings.ToLower(short[2])]
		}
	}
	parts := typedNumber.FindStringSubmatch(number)
	switch {
	case parts == nil, mixedMarks(parts[2]), power != "" && strings.ContainsAny(parts[3], "eE"):
		return text
	}
	return strings.Replace(parts[1], "\u2212", "-", 1) + groupMarks.Replace(parts[2]) + parts[3] + power
}

// mixedMarks reports whether groups of digits are separated by different marks.
func mixedMarks(groups string) bool {
	marks := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, groups)
	first, _ := utf8.DecodeRuneInString(marks)
	return strings.Trim(marks, string(first)) != ""
}

// readNumber parses a typed number as a decimal; wrong says what is wrong with it.
func readNumber(text string, money bool) (d property.Decimal, wrong string) {
	d, err := property.ParseWritten(plainNumber(text, money))
	var ambiguous *property.AmbiguousError
	switch {
	case errors.As(err, &ambiguous):
		return 0, ambiguous.Error()
	case err != nil:
		return 0, "must be a number with at most two digits after the point"
	}
	return d, ""
}
