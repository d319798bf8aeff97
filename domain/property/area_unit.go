package property

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"unicode"
)

// unitNames are the units in which people may type an area.
const unitNames = "m², sq ft, sq yd, ac, ha"

// areaUnits are square metres in a unit, exactly, by its key.
var areaUnits = func() map[string]*big.Rat {
	units := map[string]*big.Rat{}
	for _, u := range []struct {
		squareMetres string
		keys         []string
	}{
		{"1", []string{"m2", "sqm", "qm", "mq", "sqmetre", "sqmetres", "sqmeter", "sqmeters", "squaremetre",
			"squaremetres", "squaremeter", "squaremeters"}},
		{"0.09290304", []string{"ft2", "sqft", "sf", "sqfeet", "sqfoot", "squarefoot", "squarefeet", "squareft"}},
		{"0.83612736", []string{"yd2", "sqyd", "sqyds", "squareyard", "squareyards"}},
		{"4046.8564224", []string{"ac", "acre", "acres"}},
		{"10000", []string{"ha", "hectare", "hectares"}},
	} {
		exact, _ := new(big.Rat).SetString(u.squareMetres)
		for _, key := range u.keys {
			units[key] = exact
		}
	}
	return units
}()

// readTypedArea reads an area in square metres, or with its unit. An area in another unit is converted exactly, and
// rounded half up to two digits after the point.
func readTypedArea(text string) (Decimal, error) {
	number, unit, ok := splitUnit(text)
	if _, err := TypedStyle.Plain(text); err == nil || !ok {
		return ParseTyped(text)
	}
	factor, known := areaUnits[unitKey(unit)]
	if !known {
		return 0, &TypedError{fmt.Sprintf("must be in one of the units %s, not %s", unitNames, quoted(unit))}
	}
	plain, err := TypedStyle.Plain(number)
	if err != nil {
		return 0, withUnit(err, text, " "+unit)
	}
	if factor.Cmp(big.NewRat(1, 1)) == 0 {
		return ParseDecimal(plain)
	}
	area, ok := new(big.Rat).SetString(plain) // no exponent: that would be part of the unit
	if !ok {
		return 0, ErrNotNumber
	}
	return roundHundredths(area.Mul(area, factor))
}

// roundHundredths rounds halves away from zero.
func roundHundredths(exact *big.Rat) (Decimal, error) {
	hundredths := new(big.Rat).Mul(exact, big.NewRat(int64(one), 1))
	half := big.NewRat(1, 2)
	if hundredths.Sign() < 0 {
		half.Neg(half)
	}
	hundredths.Add(hundredths, half)
	n := new(big.Int).Quo(hundredths.Num(), hundredths.Denom())
	if n.CmpAbs(big.NewInt(int64(MaxAreaM2))) > 0 {
		return 0, ErrOutOfRange
	}
	return Decimal(n.Int64()), nil
}

// typedUnit matches a number with a unit behind it.
var typedUnit = regexp.MustCompile(`^(.*?[0-9０-９])\pZ*([^0-9０-９.,'’_\pZ+-].*)$`)

func splitUnit(text string) (number, unit string, ok bool) {
	parts := typedUnit.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// unitKey is a unit without what people write differently: capitals, points, spaces, raised digits.
func unitKey(unit string) string {
	unit = strings.Map(foldNumber, strings.ReplaceAll(unit, "㎡", "m2"))
	return strings.Map(func(r rune) rune {
		switch r {
		case '²':
			return '2'
		case '.', '^', ' ':
			return -1
		}
		return unicode.ToLower(r)
	}, unit)
}
