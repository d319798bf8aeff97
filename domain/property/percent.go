package property

import "math/big"

// MaxPercent is the largest change in percent that RaisedBy accepts, up or down.
const MaxPercent Decimal = 1_000_00

// RaisedBy is the number plus percent of it, rounded to a multiple of step (Currency.Step). The percentage may be
// negative, the number may not. Halves are rounded in the direction of the change. The number and the percentage must
// lie within MaxPrice and MaxPercent.
func (d Decimal) RaisedBy(percent, step Decimal) Decimal {
	const whole = 100_00 // hundredths of a percent in one
	exact := new(big.Int).Mul(big.NewInt(int64(d)), big.NewInt(int64(whole+percent)))
	unit := big.NewInt(whole * int64(step))
	half := big.NewInt(unit.Int64() / 2)
	if percent < 0 {
		half.Sub(half, big.NewInt(1))
	}
	steps := exact.Add(exact, half).Div(exact, unit) // rounds down
	return Decimal(steps.Int64()) * step
}
