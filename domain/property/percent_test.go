package property_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

func TestAPriceIsRaisedByPercent(t *testing.T) {
	for _, c := range []struct{ price, percent, want property.Decimal }{
		{450_000_00, 2_00, 459_000_00}, {450_000_00, -2_00, 441_000_00}, {100, 50, 101}, {99, 50, 99}, {1, 50_00, 2},
		{1, -50_00, 0},
		{0, 10_00, 0}, {450_000_00, 0, 450_000_00}, {450_000_00, -100_00, 0},
	} {
		if got := c.price.RaisedBy(c.percent, 1); got != c.want {
			t.Errorf("%s raised by %s%% is %s, want %s", c.price, c.percent, got, c.want)
		}
	}
}

// A yen has no hundredths, also where another program has stored some.
func TestAPriceIsRaisedInStepsOfItsCurrency(t *testing.T) {
	for _, c := range []struct {
		currency             property.Currency
		price, percent, want property.Decimal
	}{
		{"JPY", 42_000_000_00, 1_50, 42_630_000_00}, {"JPY", 101_00, 1_50, 103_00}, {"JPY", 101_00, -1_50, 99_00},
		{"JPY", 100_00, 50, 101_00}, {"JPY", 100_00, -50, 99_00}, {"JPY", 100_00, 49, 100_00}, {"JPY", 420_50, 0, 421_00},
		{"KWD", 100_00, 1_50, 101_50}, {"USD", 101_00, 1_50, 102_52}, {"EUR", 101_00, -1_50, 99_48},
	} {
		if got := c.price.RaisedBy(c.percent, c.currency.Step()); got != c.want {
			t.Errorf("%s %s raised by %s%% is %s, want %s", c.currency, c.price, c.percent, got, c.want)
		}
	}
}

// The oracle is exact arithmetic of any size.
func TestRaisingIsExactToTheHundredth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := property.Decimal(rapid.Int64Range(0, int64(property.MaxPrice)).Draw(t, "price"))
		percent := property.Decimal(rapid.Int64Range(-int64(property.MaxPercent), int64(property.MaxPercent)).
			Draw(t, "percent"))
		part := new(big.Int).Mul(big.NewInt(int64(price)), big.NewInt(int64(max(percent, -percent))))
		part.Add(part, big.NewInt(5_000)).Quo(part, big.NewInt(10_000))
		want := price + property.Decimal(part.Int64())
		if percent < 0 {
			want = price - property.Decimal(part.Int64())
		}
		if got := price.RaisedBy(percent, 1); got != want {
			t.Fatalf("%s raised by %s%% is %s, want %s", price, percent, got, want)
		}
	})
}
