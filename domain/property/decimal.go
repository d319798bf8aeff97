package property

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Decimal is an exact decimal number with two digits after the point, held as a count of hundredths: 2.25 is 225. It
// carries prices (in units of their currency), areas (square metres) and bathrooms.
type Decimal int64

// The errors of the text of a Decimal.
var (
	ErrNotDecimal = errors.New("not a decimal number")
	ErrTooPrecise = errors.New("more than two digits after the decimal point")
	ErrOutOfRange = errors.New("number out of range")
)

const (
	maxExponent    = 30
	maxDecimalText = 64
)

// ParseDecimal reads a decimal number exactly: a minus, digits, a point, an exponent ("450000", "-2.5", "1.225e+006").
// It never goes through a float. Errors are ErrNotDecimal, ErrTooPrecise (the value has a third digit that is not zero)
// and ErrOutOfRange.
func ParseDecimal(text string) (Decimal, error) {
	if len(text) > maxDecimalText {
		return 0, ErrNotDecimal
	}
	unsigned, negative := strings.CutPrefix(text, "-")
	mantissa, exponent, err := splitExponent(unsigned)
	if err != nil {
		return 0, err
	}
	whole, fraction, hasPoint := strings.Cut(mantissa, ".")
	if !allDigits(whole+fraction) || hasPoint && fraction == "" || whole == "" {
		return 0, ErrNotDecimal
	}
	hundredths, err := shifted(whole+fraction, exponent-len(fraction)+2)
	if negative {
		hundredths = -hundredths
	}
	return hundredths, err
}

func splitExponent(text string) (mantissa string, exponent int, err error) {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, 0, nil
	}
	exponent, err = strconv.Atoi(text[at+1:])
	if err != nil {
		return "", 0, ErrNotDecimal
	}
	if exponent > maxExponent || exponent < -maxExponent {
		return "", 0, ErrOutOfRange
	}
	return text[:at], exponent, nil
}

// shifted is the digits as a whole number times ten to the power of shift, if the result is whole.
func shifted(digits string, shift int) (Decimal, error) {
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return 0, nil
	}
	for ; shift < 0; shift++ {
		if digits == "" || digits[len(digits)-1] != '0' {
			return 0, ErrTooPrecise
		}
		digits = digits[:len(digits)-1]
	}
	if len(digits)+shift > 18 {
		return 0, ErrOutOfRange
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", shift), 10, 64)
	return Decimal(n), err
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// DecimalFromFloat is the Decimal nearest to a float. For a Decimal that SQLite stores as a float it is exact up to
// 15 digits.
func DecimalFromFloat(f float64) Decimal { return Decimal(math.Round(f * 100)) }

// Append appends the number with both digits after the point, such as 450000.00, to a buffer.
func (d Decimal) Append(b []byte) []byte {
	magnitude := uint64(d)
	if d < 0 {
		b = append(b, '-')
		magnitude = -magnitude // also right for the least int64, which has no positive counterpart
	}
	b = strconv.AppendUint(b, magnitude/100, 10)
	return append(b, '.', byte('0'+magnitude/10%10), byte('0'+magnitude%10))
}

// String is the number with both digits after the point: 450000.00.
func (d Decimal) String() string { return string(d.Append(nil)) }

// AppendShort appends the number without needless zeros, such as 2.25, 2.5 or 3, to a buffer.
func (d Decimal) AppendShort(b []byte) []byte {
	b = d.Append(b)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
		if b[len(b)-1] == '.' {
			return b[:len(b)-1]
		}
	}
	return b
}

// Short is the number without needless zeros: 2.25, 2.5, 3.
func (d Decimal) Short() string { return string(d.AppendShort(nil)) }
