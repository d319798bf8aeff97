package property_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/domain/property"
)

func TestAreasAreTypedWithTheirUnit(t *testing.T) {
	for text, want := range map[string]string{
		"85": "85", "85 m²": "85", "85m2": "85", "85 M2": "85", "85 sqm": "85", "85 sq. m.": "85", "85 m^2": "85",
		"85 ㎡": "85", "85 square metres": "85", "85.5 qm": "85.5", "８５ｍ２": "85",
		"1200 sq ft": "111.48", "1,200 sqft": "111.48", "1'200 ft²": "111.48", "1 200 sq. ft.": "111.48",
		"1200 square feet": "111.48", "100 sq yd": "83.61",
		"0.25 ac": "1011.71", "0.125 acres": "505.86", "1 acre": "4046.86", "2 ha": "20000", "0.125 hectares": "1250",
		"1e3": "1000", "-1 ha": "-10000",
	} {
		for _, name := range []string{"area_m2", "lot_m2"} {
			if got, err := property.FieldNamed(name).ReadTyped(text); err != nil || got.Short() != want {
				t.Errorf("%s %q is %s, %v; want %s", name, text, got.Short(), err, want)
			}
		}
	}
	for text, part := range map[string]string{
		"85 m": "units m², sq ft, sq yd, ac, ha", "120m": "units", "2k": "units", "1.2M": "units",
		"85 tatami": `not "tatami"`, "85 sq": "units", "3 rooms": "units", "85 m3": "units",
		"$120": "number like", "m²": "number like", "big": "number like", "": "number like", "85 m² x": "units",
		"450.000 ac": "450000 ac or as 450.00 ac", "1,5 ha": "15 ha or as 1.5 ha", "1085.125 m²": "two digits",
		"9999999999999 ha": "out of range", "99999999999999 m2": "", "1.250": "1250 or as 1.25",
	} {
		d, err := property.FieldNamed("area_m2").ReadTyped(text)
		if part != "" && (err == nil || !strings.Contains(err.Error(), part)) {
			t.Errorf("%q is %s, %v; want an error with %q", text, d, err, part)
		}
	}
}

// Half a hundredth of a square metre is rounded up, and nothing is lost in a float.
func TestAreasAreConvertedExactly(t *testing.T) {
	for text, want := range map[string]string{
		"1 sq ft": "0.09", "5650 sqft": "524.9", "43560 sqft": "4046.86", "1.5 sqft": "0.14", "10.7639104167 sq ft": "1",
		"0.0000005 ha": "0.01", "0.00000049 ha": "0",
	} {
		if got, err := property.FieldNamed("area_m2").ReadTyped(text); err != nil || got.Short() != want {
			t.Errorf("%s is %s m², %v; want %s", text, got.Short(), err, want)
		}
	}
}

func TestOnlyMoneyIsTypedShort(t *testing.T) {
	for text, want := range map[string]string{
		"450k": "450000", "450 K": "450000", "1.2m": "1200000", "$1.2M": "1200000", "€ 900": "900", "900 €": "900",
		"-$5": "-5", "£1,250.50": "1250.5", "1,250k": "1250000", "0.45m": "450000", "＄５": "5", "4.5e5": "450000",
	} {
		if got, err := property.FieldNamed("price").ReadTyped(text); err != nil || got.Short() != want {
			t.Errorf("%q is %s, %v; want %s", text, got.Short(), err, want)
		}
	}
	for text, part := range map[string]string{
		"1.250k": "1250k or as 1.25k", "$450.000": "450000 or as 450.00", "1kk": "amount", "1e3k": "amount", "$5$": "amount",
		"5 m²": "amount", "k": "amount", "1234.555": "two digits after the point, in every currency", "1e25": "out of range",
		"$": "amount", "5$5": "amount",
	} {
		if d, err := property.FieldNamed("price").ReadTyped(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is %s, %v; want an error with %q", text, d, err, part)
		}
	}
	for _, name := range []string{"bedrooms", "bathrooms", "year_built", "floor"} {
		for _, text := range []string{"2k", "2m", "$2", "2 m²", "2 baths", "two"} {
			if d, err := property.FieldNamed(name).ReadTyped(text); err == nil {
				t.Errorf("%s %q is %s", name, text, d)
			}
		}
	}
	for _, text := range []string{"2.5", "2,5", "1.250", "1e25"} {
		d, err := property.FieldNamed("bedrooms").ReadTyped(text)
		if err == nil || !strings.Contains(err.Error(), "must be a whole number from 0 to 1000") {
			t.Errorf("%s bedrooms are %s, %v", text, d, err)
		}
	}
}

func TestAMessageQuotesTheBeginningOfALongText(t *testing.T) {
	_, err := property.FieldNamed("price").ReadTyped(strings.Repeat("x", 100_000))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("a message of %d bytes", len(err.Error()))
	}
}

func TestAnAmountHasTheSignOfItsCurrency(t *testing.T) {
	signs := map[string]string{}
	for _, text := range []string{"$5", "5 €", "-£5", "5", "$5$", "￥５", "m² 5"} {
		signs[text] = property.TypedSign(text)
	}
	want := map[string]string{"$5": "$", "5 €": "€", "-£5": "£", "5": "", "$5$": "", "￥５": "¥", "m² 5": ""}
	if diff := cmp.Diff(want, signs); diff != "" {
		t.Error(diff)
	}
	for currency, sign := range map[property.Currency]string{
		"USD": "$", "HKD": "$", "EUR": "€", "JPY": "¥", "CNY": "¥", "GBP": "£", "KRW": "₩",
	} {
		if !currency.HasSign(sign) || currency.HasSign("₿") || currency.HasSign("") {
			t.Errorf("%s has the sign %s: %t", currency, sign, currency.HasSign(sign))
		}
	}
	if property.Currency("USD").HasSign("€") || property.Currency("EUR").HasSign("$") {
		t.Error("dollars and euros have one sign")
	}
}
