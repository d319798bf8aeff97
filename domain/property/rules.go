package property

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a listing's fields. Lengths count characters.
const (
	MaxReference   = 64
	MaxSource      = 64
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

// Checked is the details as they are stored. Texts are in NFC, without surrounding white space, and empty if nothing
// in them is visible. Omitted choices have their defaults. When the details break rules, the error is an *InvalidError
// that names every field that breaks one.
func (d Details) Checked() (Details, error) { return d.checkedAfter(nil) }

// checkedAfter is Checked for an update of a stored listing. A price that stays as it is may have more digits than
// its currency: other programs may have written it, and the change is about something else.
func (d Details) checkedAfter(stored *Details) (Details, error) {
	d.tidy()
	var wrong InvalidError
	for i := range table {
		f := &table[i]
		wrong.field(f, &d)
		if f.Type == MoneyField && (stored == nil || stored.Price != d.Price || stored.Currency != d.Currency) {
			wrong.digits(f, &d)
		}
	}
	return d, wrong.orNil()
}

func (d *Details) tidy() {
	for i := range table {
		f := &table[i]
		switch {
		case f.Type == TextField:
			text := f.Text(d)
			if *text = composed(*text); !f.Lines {
				*text = strings.TrimSpace(*text)
			}
		case f.Type == ChoiceField && *f.Text(d) == "":
			*f.Text(d) = f.Default
		case f.Type == ListField && len(*f.List(d)) == 0:
			*f.List(d) = nil
		}
	}
}

// field checks the rules of one field.
func (e *InvalidError) field(f *Field, d *Details) {
	switch f.Type {
	case TextField:
		e.text(f.Name, *f.Text(d), f.Required, f.Longest, f.Lines)
	case ChoiceField:
		e.choice(f, *f.Text(d))
	case MoneyField, WholeField, DecimalField:
		e.number(f, f.Number(d))
	case DegreesField:
		at := d.Position()
		e.degrees(f, *f.Degrees(&at))
	case ListField:
		e.addresses(f, *f.List(d))
	}
}

func (e *InvalidError) text(field, text string, required bool, longest int, lines bool) {
	length := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text):
		e.add(field, "must be valid UTF-8")
	case required && length == 0:
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

func (e *InvalidError) choice(f *Field, value string) {
	switch {
	case f.Choices == nil && !Currency(value).Known():
		e.add(f.Name, "must be an ISO 4217 code such as USD, not %s", strconv.Quote(value))
	case f.Choices != nil && !slices.Contains(f.Choices, value):
		e.add(f.Name, "must be one of %s, not %s", strings.Join(f.Choices, ", "), strconv.Quote(value))
	}
}

func (e *InvalidError) number(f *Field, value Optional[Decimal]) {
	n, ok := value.Get()
	if ok && (n < f.Min || n > f.Max) {
		e.add(f.Name, "must be from %s to %s, not %s", f.Min.Short(), f.Max.Short(), n.Short())
	}
	if ok && f.Quarters && n%quarter != 0 {
		e.add(f.Name, "must be in quarters such as 2.25, not %s", n.Short())
	}
}

// digits checks that a price is a multiple of the smallest amount of its currency.
func (e *InvalidError) digits(f *Field, d *Details) {
	if price := f.Number(d).Value; price%d.Currency.Step() != 0 {
		e.add(f.Name, "must have no decimals in %s, not %s", d.Currency, price.Short())
	}
}

func (e *InvalidError) degrees(f *Field, value Optional[float64]) {
	if n, ok := value.Get(); ok && !within(n, float64(f.Max/one)) {
		e.add(f.Name, "must be from %s to %s degrees", f.Min.Short(), f.Max.Short())
	}
}

// within is also false for not-a-number.
func within(degrees, limit float64) bool { return math.Abs(degrees) <= limit }

func (e *InvalidError) addresses(f *Field, list []string) {
	if len(list) > f.Longest {
		e.add(f.Name, "must be at most %d addresses, not %d", f.Longest, len(list))
		return
	}
	for i, address := range list {
		field := f.Name + "/" + strconv.Itoa(i)
		before := len(e.Fields)
		e.text(field, address, true, MaxPhotoURL, false)
		if len(e.Fields) > before {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			e.add(field, "must be an http or https address")
		}
	}
}
