package property_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

func TestAPointBeforeThreeDigitsIsNotGuessed(t *testing.T) {
	for text, want := range map[string]string{
		"450.000":   `must be written as 450000 or as 450.00, not "450.000", which could be either`,
		"1.250":     `must be written as 1250 or as 1.25, not "1.250", which could be either`,
		"-1.500":    `must be written as -1500 or as -1.50, not "-1.500", which could be either`,
		"1.234":     `must be written as 1234 or as 1.23, not "1.234", which could be either`,
		"1.250.000": `must be written as 1250000, not "1.250.000"`,
		"1,250":     `must be written as 1250 or as 1.25, not "1,250", which could be either`,
		"1 250":     `must be written as 1250, not "1 250"`,
		"+5":        `must be written as 5, not "+5"`,
		" 5":        `must be written as 5, not " 5"`,
		"１２":        `must be written as 12, not "１２"`,
	} {
		_, err := property.ParseWritten(text)
		var ambiguous *property.AmbiguousError
		if !errors.As(err, &ambiguous) || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	for text, want := range map[string]property.Decimal{
		"450000": 450_000_00, "450.00": 450_00, "450.0": 450_00, "1234.500": 1234_50, "0.250": 25,
		"0.500": 50, "1.2500": 1_25,
		"1.225e+006": 1_225_000_00, "1.25": 1_25,
	} {
		if got, err := property.ParseWritten(text); err != nil || got != want {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
}

// Both readings in the message must be readable themselves, or the message leads in a circle.
func TestEachReadingThatIsNamedCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[1-9][0-9]{0,2}\.[0-9]{3}`).Draw(t, "text")
		if !property.Ambiguous(text) {
			t.Fatalf("%s is not ambiguous", text)
		}
		for _, reading := range []string{text[:len(text)-4] + text[len(text)-3:], text[:len(text)-1]} {
			if _, err := property.ParseWritten(reading); err != nil {
				t.Fatalf("%s, a reading of %s: %v", reading, text, err)
			}
		}
	})
}

// Go's own parsers accept more than people call a number.
func TestNumbersAreDecimalAndFinite(t *testing.T) {
	for _, text := range []string{
		"", "0x1p3", "0X1P-2", "1_000", "0x_1p3", "NaN", "nan", "Inf", "-Infinity", "+1", ".5", "5.", "1e", "1e999",
		"1,5", " 1", "1 ",
		"１", "--1", "1e5e5",
	} {
		if n, err := property.ParseNumber(text); err == nil {
			t.Errorf("%q is read as %v", text, n)
		}
	}
	for text, want := range map[string]float64{
		"0": 0, "-0": 0, "1.5": 1.5, "-122.330": -122.33, "1e3": 1000, "1.2E-5": 1.2e-5, "007": 7,
	} {
		if n, err := property.ParseNumber(text); err != nil || n != want || math.Signbit(n) != (want < 0) {
			t.Errorf("%q is read as %v, %v", text, n, err)
		}
	}
}

func TestWholeNumbersAreDigitsAlone(t *testing.T) {
	for _, text := range []string{
		"", "-1", "-0", "+3", "3.0", "1e1", "0x3", "3_0", " 3", "11", "0", "9223372036854775808", "99999999999999999999",
	} {
		if n, err := property.ParseWhole(text, 1, 10); err == nil {
			t.Errorf("%q is read as %d", text, n)
		}
	}
	for text, want := range map[string]int{"1": 1, "10": 10, "003": 3} {
		if n, err := property.ParseWhole(text, 1, 10); err != nil || n != want {
			t.Errorf("%q is read as %d, %v", text, n, err)
		}
	}
}

func TestAWholeNumberHasAMinusWhereItMayBeNegative(t *testing.T) {
	for _, text := range []string{
		"", "-", "--1", "- 1", "+1", "−1", "1-", "-1.0", "-1e0", "-11", "201", "-9223372036854775809",
	} {
		if n, err := property.ParseWhole(text, -10, 200); err == nil {
			t.Errorf("%q is read as %d", text, n)
		}
	}
	for text, want := range map[string]int{"-1": -1, "-10": -10, "-0": 0, "0": 0, "-007": -7, "200": 200} {
		if n, err := property.ParseWhole(text, -10, 200); err != nil || n != want {
			t.Errorf("%q is read as %d, %v", text, n, err)
		}
	}
	if n, err := property.ParseWhole("-0", 0, 1000); err == nil {
		t.Errorf("-0 is read as %d where numbers are not negative", n)
	}
}

// SQL and JSON contain these texts, those of forged cursors included.
func TestEveryDecimalIsWrittenAsANumber(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, d property.Decimal) {
		got, ok := new(big.Rat).SetString(d.String())
		if !ok || got.Cmp(big.NewRat(int64(d), 100)) != 0 {
			t.Fatalf("%d hundredths are written %s", int64(d), d)
		}
	}
	for _, d := range []property.Decimal{math.MinInt64, math.MinInt64 + 1, -1, 0, math.MaxInt64} {
		check(t, d)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, property.Decimal(rapid.Int64().Draw(t, "hundredths"))) })
}
