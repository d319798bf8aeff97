package property

import "math/bits"

// MaxPercent is the largest change in percent that RaisedBy accepts, up or down.
const MaxPercent Decimal = 1_000_00

// RaisedBy is the number plus percent of it. The percentage may be negative. The result is rounded to hundredths,
// halves away from zero. The number and the percentage must lie within MaxPrice and MaxPercent.
func (d Decimal) RaisedBy(percent Decimal) Decimal {
	const whole = 100_00 // hundredths of a percent in one
	negative := d < 0 != (percent < 0)
	high, low := bits.Mul64(uint64(max(d, -d)), uint64(max(percent, -percent)))
	low, carry := bits.Add64(low, whole/2, 0)
	part, _ := bits.Div64(high+carry, low, whole)
	if negative {
		return d - Decimal(part)
	}
	return d + Decimal(part)
}
