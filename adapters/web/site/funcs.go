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

// words are how pages say things.
var words = template.FuncMap{
	"price": price, "grouped": grouped, "rooms": rooms, "facts": facts,
	"offer": offerName, "kind": kindName, "status": statusName, "stamp": stamp, "iso": iso,
	"offers": property.Offers, "kinds": property.Kinds, "statuses": property.Statuses, "count": count, "sorts": func() []sortChoice { return sortChoices },
	"next": func(n int) int { return n + 1 }, "percent": percent, "field": fieldName, "choice": choiceName,
	"told":  displayed,
	"len64": func(m map[string]string) int64 { return int64(len(m)) }, "i64": func(n int) int64 { return int64(n) },
	"number": func(n uint64) string { return grouped(strconv.FormatUint(n, 10)) }, "list": func(items ...any) []any { return items },
}

// sign is how a currency's amounts begin.
var sign = map[property.Currency]string{
	"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "SGD": "S$",
}

// price is an amount as people write it: $450,000, HK$21,500.50, CHF 900,000.
func price(p *property.Property) string { return money(p.Price, p.Currency) }

func money(amount property.Decimal, currency property.Currency) string {
	text := strings.TrimSuffix(grouped(amount.String()), ".00")
	if s, ok := sign[currency]; ok {
		return s + text
	}
	return string(currency) + " " + text
}

// grouped is a number with commas between the thousands; what is no plain number stays as it is.
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

// count is a number of things in words: no listings, 1 listing, 3,943 listings.
func count(n int64, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return grouped(strconv.FormatInt(n, 10)) + " " + many
}

// rooms is what is known of a listing's size in one line.
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

// wholeNumber is a decimal rounded to the nearest whole number.
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

// stamp is a moment for people; scripts say how long ago it was.
func stamp(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type sortChoice struct{ Value, Name string }

var sortChoices = []sortChoice{
	{"-created_at", "Newest first"}, {"price", "Lowest price first"}, {"-price", "Highest price first"},
	{"-area_m2", "Largest first"}, {"area_m2", "Smallest first"}, {"-updated_at", "Last changed first"},
	{"created_at", "Oldest first"},
}

// placeName is the part of a location by which people know a place, such as Kent in "Kent, WA 98042": the last part that
// is neither a code nor has digits, since addresses go from the small to the large.
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

// summary is a listing in one sentence, for whoever shares its address.
func summary(p *property.Property) string {
	parts := []string{price(p), kindName(p.Kind) + " " + strings.ToLower(offerName(p.Offer)) + " in " + p.Location}
	if r := rooms(p); r != "" {
		parts = append(parts, r)
	}
	return fmt.Sprintf("%s.", strings.Join(parts, " · "))
}

// percent is a share from 0 to 1 as people write it.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// fact is a number that is known of a listing.
type fact struct{ Name, Text, Quiet string }

// facts are the numbers of a listing that may be unknown and are not, in the order of the table.
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

// fieldName is a field of a listing in words: area_m2 is "Area, m²".
func fieldName(name string) string {
	if name == "location" {
		return "Place"
	}
	if of, ok := strings.CutSuffix(name, "_m2"); ok {
		return fieldName(of) + ", m²"
	}
	return capital(strings.ReplaceAll(name, "_", " "))
}

// choiceName is a choice of a field in words.
func choiceName(choice string) string {
	if offer := property.Offer(choice); offer.Known() {
		return offerName(offer)
	}
	return capital(choice)
}

// displayed is what stands in a field of a listing, for people.
func displayed(field, text string) string {
	switch {
	case text == "":
		return "nothing"
	case field == "price", strings.HasSuffix(field, "_m2"):
		return grouped(text)
	}
	return text
}
