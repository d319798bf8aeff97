package property

import (
	"regexp"
	"strings"
)

// TypedSign is the sign of a currency, such as €, in a typed amount, or empty.
func TypedSign(text string) string {
	_, sign := splitSign(text)
	return sign
}

// splitSign separates the sign of a currency from a typed amount. A text with several signs, or with a sign between
// digits, is returned as it is.
func splitSign(text string) (amount, sign string) {
	text = strings.TrimSpace(text)
	parts := signedAmount.FindStringSubmatch(text)
	if parts == nil || parts[2] != "" && parts[4] != "" {
		return text, ""
	}
	return parts[1] + parts[3], foldSign(parts[2] + parts[4])
}

// signedAmount matches an amount: a plus or minus, a currency sign before or after the digits.
var signedAmount = regexp.MustCompile(`^([-+\x{2212}]?)(\p{Sc}?)\pZ*([^\p{Sc}]*?)\pZ*(\p{Sc}?)$`)

// foldSign returns the usual form of a full-width sign.
func foldSign(sign string) string {
	return strings.NewReplacer("＄", "$", "￡", "£", "￥", "¥", "￦", "₩").Replace(sign)
}

// HasSign reports whether prices in the currency are written with the sign. It knows the signs of currencySigns.
func (c Currency) HasSign(sign string) bool { return strings.Contains(currencySigns[sign], string(c)) }

// currencySigns are the signs that people type, and the currencies whose prices have them.
var currencySigns = map[string]string{
	"$": "USD AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD UYU " +
		"XCD ARS CVE",
	"€": "EUR", "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP", "¥": "JPY CNY", "₩": "KRW KPW", "₹": "INR", "₺": "TRY",
	"₽": "RUB", "₪": "ILS", "₫": "VND", "₱": "PHP", "฿": "THB", "₦": "NGN", "₴": "UAH", "₵": "GHS",
	"₡": "CRC", "₲": "PYG",
	"₸": "KZT", "₮": "MNT", "₭": "LAK", "៛": "KHR", "₾": "GEL", "₼": "AZN", "৳": "BDT", "֏": "AMD",
}
