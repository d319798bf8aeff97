package property

import (
	"math"
	"slices"
	"strings"
)

// FieldType is the type of a field's values. It determines how they are written, read and compared.
type FieldType int8

// The types. A choice is a text from a list. Money is a decimal that is always present. Degrees are one half of
// coordinates, present only together with the other half. A list has web addresses.
const (
	TextField FieldType = iota
	ChoiceField
	MoneyField
	WholeField
	DecimalField
	DegreesField
	ListField
)

// Field is one of the details that a person may set. Its type determines which of the functions are set.
type Field struct {
	Name         string // in the HTTP contract, in files, forms and columns
	Type         FieldType
	Required     bool     // present in every source of listings
	Key          bool     // names the listing at its source: unique, or empty
	Added        bool     // programs without the field may run beside this one: see propertyjson.AppendState
	Lines        bool     // a text of several lines, with its white space unchanged
	Longest      int      // the largest number of characters of a text, or of items of a list
	Min, Max     Decimal  // the bounds of a number
	Quarters     bool     // a number in quarters such as 2.25
	SquareMetres bool     // a number of square metres
	Choices      []string // in the order people read them; nil for a currency
	Default      string   // the choice of a listing without one
	East         bool     // of degrees: those of the longitude

	Text func(*Details) *string   // of texts and choices
	List func(*Details) *[]string // of lists

	money   func(*Details) *Decimal
	whole   func(*Details) *Optional[int]
	decimal func(*Details) *Optional[Decimal]
}

// table has the fields in the order of Details, which is their order everywhere.
var table = [...]Field{
	{Name: "reference", Key: true, Longest: MaxReference, Text: func(d *Details) *string { return &d.Reference }},
	{Name: "source", Added: true, Longest: MaxSource, Text: func(d *Details) *string { return &d.Source }},
	{Name: "title", Required: true, Longest: MaxTitle, Text: func(d *Details) *string { return &d.Title }},
	{Name: "description", Lines: true, Longest: MaxDescription, Text: func(d *Details) *string { return &d.Description }},
	{Name: "price", Type: MoneyField, Required: true, Max: MaxPrice,
		money: func(d *Details) *Decimal { return &d.Price }},
	{Name: "currency", Type: ChoiceField, Longest: 3, Default: string(DefaultCurrency),
		Text: func(d *Details) *string { return (*string)(&d.Currency) }},
	{Name: "location", Required: true, Longest: MaxLocation, Text: func(d *Details) *string { return &d.Location }},
	{Name: "offer", Type: ChoiceField, Choices: texts(Offers()), Default: string(OfferSale),
		Text: func(d *Details) *string { return (*string)(&d.Offer) }},
	{Name: "kind", Type: ChoiceField, Choices: texts(Kinds()), Default: string(KindOther),
		Text: func(d *Details) *string { return (*string)(&d.Kind) }},
	{Name: "status", Type: ChoiceField, Choices: texts(Statuses()), Default: string(StatusActive),
		Text: func(d *Details) *string { return (*string)(&d.Status) }},
	{Name: "bedrooms", Type: WholeField, Max: MaxBedrooms * one,
		whole: func(d *Details) *Optional[int] { return &d.Bedrooms }},
	{Name: "bathrooms", Type: DecimalField, Max: MaxBathrooms, Quarters: true,
		decimal: func(d *Details) *Optional[Decimal] { return &d.Bathrooms }},
	{Name: "area_m2", Type: DecimalField, SquareMetres: true, Max: MaxAreaM2,
		decimal: func(d *Details) *Optional[Decimal] { return &d.AreaM2 }},
	{Name: "lot_m2", Type: DecimalField, SquareMetres: true, Added: true, Max: MaxAreaM2,
		decimal: func(d *Details) *Optional[Decimal] { return &d.LotM2 }},
	{Name: "year_built", Type: WholeField, Added: true, Min: 1000 * one, Max: 2200 * one,
		whole: func(d *Details) *Optional[int] { return &d.YearBuilt }},
	{Name: "floor", Type: WholeField, Added: true, Min: -10 * one, Max: 200 * one,
		whole: func(d *Details) *Optional[int] { return &d.Floor }},
	{Name: "latitude", Type: DegreesField, Min: -90 * one, Max: 90 * one},
	{Name: "longitude", Type: DegreesField, East: true, Min: -180 * one, Max: 180 * one},
	{Name: "photos", Type: ListField, Longest: MaxPhotos, List: func(d *Details) *[]string { return &d.Photos }},
}

// FieldCount is the number of fields.
const FieldCount = len(table)

// FieldTable returns every field that a person may set, in the order of Details. Callers must not change it.
func FieldTable() []Field { return table[:] }

// FieldNamed finds the field with exactly this name, or returns nil.
func FieldNamed(name string) *Field {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}

// Numeric reports whether the field's values are numbers.
func (f *Field) Numeric() bool {
	return f.Type == MoneyField || f.Type == WholeField || f.Type == DecimalField || f.Type == DegreesField
}

// Number is the number of a listing in a money, whole-number or decimal field. A whole number beyond the range of a
// Decimal breaks every rule; it becomes the nearest Decimal.
func (f *Field) Number(d *Details) Optional[Decimal] {
	const most = math.MaxInt64 / int(one)
	switch f.Type {
	case MoneyField:
		return Some(*f.money(d))
	case WholeField:
		n := f.whole(d)
		return Optional[Decimal]{Value: Decimal(min(max(n.Value, -most), most)) * one, Valid: n.Valid}
	default:
		return *f.decimal(d)
	}
}

// SetNumber sets the number of a listing in a money, whole-number or decimal field. It must be whole where the
// field is; absent money is 0.
func (f *Field) SetNumber(d *Details, n Optional[Decimal]) {
	switch f.Type {
	case MoneyField:
		*f.money(d) = n.Value
	case WholeField:
		*f.whole(d) = Optional[int]{Value: int(n.Value / one), Valid: n.Valid}
	default:
		*f.decimal(d) = n
	}
}

// TooPrecise says what is wrong with a number of more digits than are stored.
func (f *Field) TooPrecise() string {
	if f.Type == MoneyField { // some currencies have three
		return "must have at most two digits after the point, in every currency"
	}
	return "must have at most two digits after the point"
}

// Degrees is the field's half of the position.
func (f *Field) Degrees(p *Position) *Optional[float64] {
	if f.East {
		return &p.Longitude
	}
	return &p.Latitude
}

// one is a Decimal of 1.
const one Decimal = 100

func texts[T ~string](choices []T) []string {
	list := make([]string, len(choices))
	for i, c := range choices {
		list[i] = string(c)
	}
	return list
}

// Written is the value as people write it. Money has two digits after the point, a list has one item per line, and
// an absent value is empty.
func (f *Field) Written(d *Details) string {
	switch f.Type {
	case TextField, ChoiceField:
		return *f.Text(d)
	case MoneyField:
		return f.Number(d).Value.String()
	case WholeField, DecimalField:
		if n, ok := f.Number(d).Get(); ok {
			return n.Short()
		}
	case DegreesField:
		at := d.Position()
		if n, ok := f.Degrees(&at).Get(); ok {
			return degrees(n)
		}
	case ListField:
		return strings.Join(*f.List(d), "\n")
	}
	return ""
}

// same reports whether two listings agree in this field.
func (f *Field) same(a, b *Details) bool {
	switch f.Type {
	case TextField, ChoiceField:
		return *f.Text(a) == *f.Text(b)
	case DegreesField:
		return a.Coordinates == b.Coordinates
	case ListField:
		return slices.Equal(*f.List(a), *f.List(b))
	default:
		return f.Number(a) == f.Number(b)
	}
}

// carry copies the field's value from one listing to another.
func (f *Field) carry(to, from *Details) {
	switch f.Type {
	case TextField, ChoiceField:
		*f.Text(to) = *f.Text(from)
	case DegreesField:
		to.Coordinates = from.Coordinates
	case ListField:
		*f.List(to) = *f.List(from)
	default:
		f.SetNumber(to, f.Number(from))
	}
}

// Position is coordinates of which one half may be missing, as while they are read.
type Position struct {
	Latitude, Longitude Optional[float64]
}

// Position is the listing's position.
func (d *Details) Position() Position {
	at, ok := d.Coordinates.Get()
	if !ok {
		return Position{}
	}
	return Position{Latitude: Some(at.Latitude), Longitude: Some(at.Longitude)}
}

// Coordinates are both halves; absent unless both are present.
func (p Position) Coordinates() Optional[Coordinates] {
	if !p.Latitude.Valid || !p.Longitude.Valid {
		return Optional[Coordinates]{}
	}
	return Some(Coordinates{Latitude: p.Latitude.Value, Longitude: p.Longitude.Value})
}

// Missing is the name of the missing half and of the present one. Both are "" when both halves are present or
// neither is.
func (p Position) Missing() (missing, present string) {
	switch {
	case p.Latitude.Valid && !p.Longitude.Valid:
		return "longitude", "latitude"
	case p.Longitude.Valid && !p.Latitude.Valid:
		return "latitude", "longitude"
	}
	return "", ""
}
