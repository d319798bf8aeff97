// Package property has the rules of Gable's trade: what a listing is, what a search means, and which cached answers
// a change touches. If a rule can be explained to an estate agent, it is here.
//
// The package is pure: it does no input or output, reads no clock and makes no random numbers. Time, identity and
// randomness arrive as arguments. Fields and search parameters have one spelling, that of the HTTP contract. Errors
// use it, and a search is read from and written as a URL query. Requests, JSON and SQL belong to the adapters.
package property

import "time"

// Property is one listing. Values are copied and treated as immutable: another state is another value. The zero
// value is invalid and accepted nowhere.
type Property struct {
	ID ID
	Details
	// Version is 1 at creation and one more after each change by any writer; the database counts.
	Version int64
	// CreatedAt and UpdatedAt are UTC, to the microsecond. The database raises UpdatedAt at each change.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Details is everything about a listing that a person may set; fields.go has the table of its fields. The comments
// name the field of the RESO Data Dictionary.
type Details struct {
	Reference   string                // ListingId: its id at the source; 1 to 64 characters, unique; "" is none
	Source      string                // OriginatingSystemName: the feed that the listing comes from; up to 64 characters
	Title       string                // 1 to 200 characters
	Description string                // PublicRemarks: up to 20,000 characters
	Price       Decimal               // ListPrice: 0 to 999,999,999,999.99
	Currency    Currency              // ListPriceCurrency: ISO 4217
	Location    string                // UnparsedAddress: 1 to 200 characters of free text
	Offer       Offer                 // PropertyType
	Kind        Kind                  // PropertySubType
	Status      Status                // StandardStatus
	Bedrooms    Optional[int]         // BedroomsTotal: 0 to 1000
	Bathrooms   Optional[Decimal]     // BathroomsTotalDecimal: 0 to 1000, in quarters
	AreaM2      Optional[Decimal]     // LivingArea, in square metres
	LotM2       Optional[Decimal]     // LotSizeArea, in square metres
	YearBuilt   Optional[int]         // YearBuilt: 1000 to 2200
	Floor       Optional[int]         // the storey: -10 to 200, 0 is the ground floor
	Coordinates Optional[Coordinates] // Latitude and Longitude
	Photos      []string              // Media: up to 50 http or https addresses
}

// Coordinates is a place on Earth in WGS 84 degrees.
type Coordinates struct {
	Latitude  float64 // -90 to 90, north is positive
	Longitude float64 // -180 to 180, east is positive
}

// New makes a listing at version 1. It tidies the details and checks every rule, as Details.Checked does.
// The error is an *InvalidError that names each field that breaks one.
func New(id ID, details Details, now time.Time) (Property, error) {
	tidy, err := details.Checked()
	if err != nil {
		return Property{}, err
	}
	at := Instant(now)
	return Property{ID: id, Details: tidy, Version: 1, CreatedAt: at, UpdatedAt: at}, nil
}

// Update is the listing with other details, tidied and checked as in New; a price that stays may have more digits than
// its currency. Version and UpdatedAt stay: the database raises them when it stores the update.
func (p Property) Update(details Details) (Property, error) {
	tidy, err := details.checkedAfter(&p.Details)
	if err != nil {
		return Property{}, err
	}
	p.Details = tidy
	return p, nil
}

// Equal reports whether two details are equal in every field.
func (d Details) Equal(o Details) bool {
	for i := range table {
		if !table[i].same(&d, &o) {
			return false
		}
	}
	return true
}

// Instant is a time in the form of a listing's times: UTC, to the microsecond, without a monotonic reading.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Optional is a value that may be absent. The zero value is absent.
type Optional[T any] struct {
	Value T
	Valid bool
}

// Some is a present value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Valid: true} }

// Get is the value and whether it is present.
func (o Optional[T]) Get() (T, bool) { return o.Value, o.Valid }
