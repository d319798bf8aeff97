package site

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gable-listings/gable/domain/property"
)

// templateFuncs are the functions that templates can call.
var templateFuncs = template.FuncMap{
	"price": price, "grouped": grouped, "rooms": rooms, "facts": facts,
	"offer": offerName, "kind": kindName, "status": statusName, "stamp": stamp, "iso": iso,
	"offers": property.Offers, "kinds": property.Kinds, "statuses": property.Statuses,
	"count": count, "percent": percent, "field": fieldName, "choice": choiceName, "displayed": displayed,
	"brief": brief, "storedFields": storedFields,
	"more":   func(all, shown int) int { return all - shown },
	"next":   func(n int) int { return n + 1 },
	"len64":  func(m map[string]string) int64 { return int64(len(m)) },
	"i64":    func(n int) int64 { return int64(n) },
	"number": func(n uint64) string { return grouped(strconv.FormatUint(n, 10)) },
	"list":   func(items ...any) []any { return items },
}

// sign is the sign before the amounts of a currency.
var sign = map[property.Currency]string{
	"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "SGD": "S$",
}

// price formats the price of a listing: $450,000, HK$21,500.50, CHF 900,000.
func price(p *property.Property) string { return money(p.Price, p.Currency) }

func money(amount property.Decimal, currency property.Currency) string {
	text := strings.TrimSuffix(grouped(amount.String()), ".00")
	if s, ok := sign[currency]; ok {
		return s + text
	}
	return string(currency) + " " + text
}

// grouped inserts commas between the thousands of a plain decimal number. It returns any other text unchanged.
func grouped(number string) string {
	whole, fraction, point := strings.Cut(number, ".")
	if whole == "" || strings.Trim(whole, "0123456789") != "" {
		return number
	}
	var b strings.Builder
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if point {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// count formats a number of things: no listings, 1 listing, 3,943 listings.
func count(n int64, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return grouped(strconv.FormatInt(n, 10)) + " " + many
}

// rooms formats the known sizes of a listing in one line.
func rooms(p *property.Property) string {
	var parts []string
	if n, ok := p.Bedrooms.Get(); ok {
		parts = append(parts, plural(strconv.Itoa(n), "bed"))
	}
	if n, ok := p.Bathrooms.Get(); ok {
		parts = append(parts, plural(n.Short(), "bath"))
	}
	if n, ok := p.AreaM2.Get(); ok {
		parts = append(parts, grouped(wholeNumber(n))+" m²")
	}
	return strings.Join(parts, " · ")
}

func plural(n, word string) string {
	if n != "1" {
		word += "s"
	}
	return n + " " + word
}

// wholeNumber rounds a decimal to the nearest whole number.
func wholeNumber(d property.Decimal) string { return strconv.FormatInt(int64(d+50)/100, 10) }

const squareMetresPerSquareFoot = 0.09290304

func squareFeet(area property.Decimal) string {
	return grouped(strconv.FormatInt(int64(float64(area)/100/squareMetresPerSquareFoot+0.5), 10))
}

func offerName(o property.Offer) string {
	if o == property.OfferRent {
		return "To rent"
	}
	return "For sale"
}

func kindName(k property.Kind) string     { return capital(string(k)) }
func statusName(s property.Status) string { return capital(string(s)) }

func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// stamp formats a moment in full. Scripts replace it with the time since then.
func stamp(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type sortChoice struct{ Value, Name string }

var sortChoices = []sortChoice{
	{"-created_at", "Newest first"}, {"price", "Lowest price first"}, {"-price", "Highest price first"},
	{"-area_m2", "Largest first"}, {"area_m2", "Smallest first"}, {"-updated_at", "Last changed first"},
	{"created_at", "Oldest first"},
}

var nearestFirst = sortChoice{string(property.SortDistance), "Nearest first"}

// placeName returns the place in a location, such as Kent in "Kent, WA 98042". It is the last part that is neither a
// code nor has digits, because addresses go from the small to the large.
func placeName(location string) string {
	parts := strings.Split(location, ",")
	for i := len(parts) - 1; i >= 0; i-- {
		part := strings.TrimSpace(parts[i])
		code := len(part) <= 3 && strings.ToUpper(part) == part
		if part != "" && !code && !strings.ContainsFunc(part, unicode.IsDigit) {
			return part
		}
	}
	return strings.TrimSpace(parts[0])
}

// summary describes a listing in one sentence, for previews of a shared link.
func summary(p *property.Property) string {
	parts := []string{price(p), kindName(p.Kind) + " " + strings.ToLower(offerName(p.Offer)) + " in " + p.Location}
	if r := rooms(p); r != "" {
		parts = append(parts, r)
	}
	return fmt.Sprintf("%s.", strings.Join(parts, " · "))
}

// percent formats a share from 0 to 1, such as 40.0 %.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// fact is a known number of a listing.
type fact struct{ Name, Text, Quiet string }

// facts returns the optional numbers of a listing that are present, in the order of the field table.
func facts(p *property.Property) (known []fact) {
	fields := property.FieldTable()
	for i := range fields {
		f := &fields[i]
		if f.Type != property.WholeField && f.Type != property.DecimalField {
			continue
		}
		n, ok := f.Number(&p.Details).Get()
		name, isArea := strings.CutSuffix(f.Name, "_m2")
		switch {
		case ok && isArea:
			known = append(known, fact{fieldName(name), grouped(n.Short()) + " m²", squareFeet(n) + " sq ft"})
		case ok:
			known = append(known, fact{fieldName(name), n.Short(), ""})
		}
	}
	return known
}

// fieldName returns the name of a field for pages: area_m2 is "Area, m²".
func fieldName(name string) string {
	if name == "location" {
		return "Place"
	}
	if of, ok := strings.CutSuffix(name, "_m2"); ok {
		return fieldName(of) + ", m²"
	}
	return capital(strings.ReplaceAll(name, "_", " "))
}

// choiceName returns the name of a choice for pages.
func choiceName(choice string) string {
	if offer := property.Offer(choice); offer.Known() {
		return offerName(offer)
	}
	return capital(choice)
}

// displayed formats the value of a field for pages.
func displayed(field, text string) string {
	switch {
	case text == "":
		return "nothing"
	case field == "price", strings.HasSuffix(field, "_m2"):
		return grouped(text)
	}
	return text
}
