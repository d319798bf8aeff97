package site

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// readBound reads a number that is typed into a field of a search, and returns it as the API spells it. Wrong says
// what is wrong with it.
func readBound(f *property.Field, typed []string) (plain, wrong string) {
	if len(typed) > 1 {
		return "", fmt.Sprintf("must be one number, not %d", len(typed))
	}
	d, err := f.ReadTyped(typed[0])
	if err != nil {
		return "", err.Error()
	}
	return d.Short(), ""
}

// readPercent reads a typed number of percent, with or without their sign.
func readPercent(text string) (d property.Decimal, wrong string) {
	number := strings.TrimSuffix(strings.TrimSpace(text), "%")
	d, err := property.ParseTyped(number)
	unclear, ok := errors.AsType[*property.AmbiguousError](err)
	switch {
	case ok:
		return 0, unclear.Error()
	case errors.Is(err, property.ErrTooPrecise):
		return 0, "must have at most two digits after the point"
	case err != nil:
		return 0, "must be a number"
	}
	return d, ""
}

// otherCurrency says that an amount is typed with the sign of another currency, or returns "".
func otherCurrency(typed string, currency property.Currency) string {
	sign := property.TypedSign(typed)
	currency = cmp.Or(currency, property.DefaultCurrency)
	if sign == "" || currency.HasSign(sign) {
		return ""
	}
	return fmt.Sprintf("has the sign %s, but the currency is %s", sign, currency)
}
