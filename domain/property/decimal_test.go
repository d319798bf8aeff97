package property_test

import (
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
)

var decimalGrammar = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// checkDecimal compares the result of ParseDecimal with exact rational numbers.
func checkDecimal(t interface{ Fatalf(string, ...any) }, text string) {
	d, err := property.ParseDecimal(text)
	if !decimalGrammar.MatchString(text) || len(text) > 64 {
		if err == nil {
			t.Fatalf("ParseDecimal(%q) is %v", text, d)
		}
		return
	}
	if _, exponent, _ := strings.Cut(strings.ToLower(text), "e"); exponent != "" {
		if n, nerr := strconv.Atoi(exponent); nerr != nil || n > 30 || n < -30 {
			if err == nil {
				t.Fatalf("ParseDecimal(%q) is %v, want an error for its exponent", text, d)
			}
			return
		}
	}
	exact, _ := new(big.Rat).SetString(text)
	exact.Mul(exact, big.NewRat(100, 1))
	outOfRange := new(big.Rat).Abs(exact).Cmp(new(big.Rat).SetInt64(1_000_000_000_000_000_000)) >= 0
	switch {
	case exact.IsInt() && !outOfRange:
		if err != nil || int64(d) != exact.Num().Int64() {
			t.Fatalf("ParseDecimal(%q) is %d (error %v), want %s hundredths", text, d, err, exact.Num())
		}
	case !errors.Is(err, property.ErrTooPrecise) && !errors.Is(err, property.ErrOutOfRange):
		t.Fatalf("ParseDecimal(%q) is %v (error %v)", text, d, err)
	case errors.Is(err, property.ErrTooPrecise) && exact.IsInt(), errors.Is(err, property.ErrOutOfRange) && !outOfRange:
		t.Fatalf("ParseDecimal(%q): %v", text, err)
	}
}

func TestDecimalsAreReadExactly(t *testing.T) {
	text := rapid.StringMatching(`[+-]?[0-9]{1,16}(\.[0-9]{1,4}0{0,3})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) { checkDecimal(t, text.Draw(t, "text")) })
}

func TestDecimalsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := property.Decimal(rapid.Int64Range(-999_999_999_999_999_999, 999_999_999_999_999_999).Draw(t, "hundredths"))
		for _, text := range []string{d.String(), d.Short()} {
			if back, err := property.ParseDecimal(text); back != d || err != nil {
				t.Fatalf("%d is written %s and read back as %d (error %v)", d, text, back, err)
			}
		}
		if price := max(d, -d) % (property.MaxPrice + 1); property.DecimalFromFloat(float64(price)/100) != price {
			t.Fatalf("the price %s does not survive as a float", price)
		}
	})
}

func TestDecimalTexts(t *testing.T) {
	for text, want := range map[string]struct {
		value property.Decimal
		short string
	}{
		"450000":     {450_000_00, "450000"},
		"1.225e+006": {1_225_000_00, "1225000"},
		"2.5":        {2_50, "2.5"},
		"-0.05":      {-5, "-0.05"},
		"1.50000":    {1_50, "1.5"},
		"450.000":    {450_00, "450"},
		"1000e-3":    {1_00, "1"},
		"-0":         {0, "0"},
	} {
		got, err := property.ParseDecimal(text)
		if err != nil || got != want.value || got.Short() != want.short {
			t.Errorf("ParseDecimal(%q) is %d, short %s (error %v)", text, got, got.Short(), err)
		}
	}
	for text, want := range map[string]error{
		"": property.ErrNotDecimal, ".5": property.ErrNotDecimal, "5.": property.ErrNotDecimal,
		"1,5":  property.ErrNotDecimal,
		"0x10": property.ErrNotDecimal, "NaN": property.ErrNotDecimal, "1e": property.ErrNotDecimal,
		"--1": property.ErrNotDecimal,
		" 1":  property.ErrNotDecimal, "+1": property.ErrNotDecimal, "1_0": property.ErrNotDecimal,
		"１":     property.ErrNotDecimal,
		"1.005": property.ErrTooPrecise, "1e-3": property.ErrTooPrecise,
		"1e17": property.ErrOutOfRange, "1e31": property.ErrOutOfRange, "10000000000000000": property.ErrOutOfRange,
	} {
		if d, err := property.ParseDecimal(text); !errors.Is(err, want) {
			t.Errorf("ParseDecimal(%q) is %v, error %v, want %v", text, d, err, want)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, text := range []string{"450000", "1.225e+006", "-0.005", "1e30", "1e-30", "00", "+1", "1.0e0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkDecimal(t, text) })
}
