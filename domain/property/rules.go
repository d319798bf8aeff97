package property

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a listing's fields. Lengths count characters.
const (
	MaxReference   = 64
	MaxTitle       = 200
	MaxDescription = 20_000
	MaxLocation    = 200
	MaxPhotos      = 50
	MaxPhotoURL    = 2_000
	MaxBedrooms    = 1_000

	MaxPrice     Decimal = 999_999_999_999_99
	MaxBathrooms Decimal = 1_000_00
	MaxAreaM2    Decimal = 9_999_999_999_99

	quarter Decimal = 25
)

// Checked is the details as they are stored: surrounding white space removed, omitted choices set to their defaults.
// When a rule is broken the error is an *InvalidError that names every field that breaks one.
func (d Details) Checked() (Details, error) {
	d = d.tidied()
	var wrong InvalidError
	wrong.text("reference", d.Reference, 0, MaxReference, false)
	wrong.text("title", d.Title, 1, MaxTitle, false)
	wrong.text("description", d.Description, 0, MaxDescription, true)
	wrong.decimal("price", Some(d.Price), MaxPrice)
	wrong.choice("currency", string(d.Currency), d.Currency.Known(), "an ISO 4217 code such as USD")
	wrong.text("location", d.Location, 1, MaxLocation, false)
	wrong.choice("offer", string(d.Offer), d.Offer.Known(), "one of "+list(Offers()))
	wrong.choice("kind", string(d.Kind), d.Kind.Known(), "one of "+list(Kinds()))
	wrong.choice("status", string(d.Status), d.Status.Known(), "one of "+list(Statuses()))
	if n, ok := d.Bedrooms.Get(); ok && (n < 0 || n > MaxBedrooms) {
		wrong.add("bedrooms", "must be from 0 to %d, not %d", MaxBedrooms, n)
	}
	wrong.decimal("bathrooms", d.Bathrooms, MaxBathrooms)
	if n, ok := d.Bathrooms.Get(); ok && n%quarter != 0 {
		wrong.add("bathrooms", "must be in quarters such as 2.25, not %s", n.Short())
	}
	wrong.decimal("area_m2", d.AreaM2, MaxAreaM2)
	wrong.coordinates(d.Coordinates)
	wrong.photos(d.Photos)
	return d, wrong.orNil()
}

func (d Details) tidied() Details {
	d.Reference = strings.TrimSpace(d.Reference)
	d.Title = strings.TrimSpace(d.Title)
	d.Location = strings.TrimSpace(d.Location)
	d.Offer = orDefault(d.Offer, OfferSale)
	d.Kind = orDefault(d.Kind, KindOther)
	d.Status = orDefault(d.Status, StatusActive)
	d.Currency = orDefault(d.Currency, DefaultCurrency)
	if len(d.Photos) == 0 {
		d.Photos = nil
	}
	return d
}

func orDefault[T ~string](v, fallback T) T {
	if v == "" {
		return fallback
	}
	return v
}

func list[T ~string](choices []T) string {
	parts := make([]string, len(choices))
	for i, c := range choices {
		parts[i] = string(c)
	}
	return strings.Join(parts, ", ")
}

func (e *InvalidError) text(field, text string, shortest, longest int, lines bool) {
	length := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text):
		e.add(field, "must be valid UTF-8")
	case length < shortest:
		e.add(field, "must not be empty")
	case length > longest:
		e.add(field, "must have at most %d characters, not %d", longest, length)
	}
	for _, r := range text {
		if unicode.IsControl(r) && (!lines || r != '\n' && r != '\r' && r != '\t') {
			e.add(field, "must not contain the control character U+%04X", r)
			return
		}
	}
}

func (e *InvalidError) choice(field, value string, known bool, expected string) {
	if !known {
		e.add(field, "must be %s, not %s", expected, strconv.Quote(value))
	}
}

func (e *InvalidError) decimal(field string, value Optional[Decimal], highest Decimal) {
	if d, ok := value.Get(); ok && (d < 0 || d > highest) {
		e.add(field, "must be from 0 to %s, not %s", highest.Short(), d.Short())
	}
}

func (e *InvalidError) coordinates(value Optional[Coordinates]) {
	at, ok := value.Get()
	if !ok {
		return
	}
	if !within(at.Latitude, 90) {
		e.add("latitude", "must be from -90 to 90 degrees")
	}
	if !within(at.Longitude, 180) {
		e.add("longitude", "must be from -180 to 180 degrees")
	}
}

// within is false for not-a-number too.
func within(degrees, limit float64) bool { return math.Abs(degrees) <= limit }

func (e *InvalidError) photos(photos []string) {
	if len(photos) > MaxPhotos {
		e.add("photos", "must be at most %d addresses, not %d", MaxPhotos, len(photos))
		return
	}
	for i, photo := range photos {
		field := "photos/" + strconv.Itoa(i)
		before := len(e.Fields)
		e.text(field, photo, 1, MaxPhotoURL, false)
		if len(e.Fields) > before {
			continue
		}
		u, err := url.Parse(photo)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			e.add(field, "must be an http or https address")
		}
	}
}
