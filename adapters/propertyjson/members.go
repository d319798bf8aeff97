// Package propertyjson is the one JSON shape of a listing: its members, their order, how each is written and read. The
// HTTP API and the listing files share it, so that a line of an export is byte for byte what the API answers.
//
// It holds pure functions over bytes and domain values. It never reads or writes anywhere, keeps nothing between calls,
// knows no other JSON than a listing's, and checks no rule of the trade: that a title must not be empty is for the
// domain to say.
package propertyjson

import "github.com/gable-listings/gable/domain/property"

// Member is one member of a listing's JSON object, in the order of the object.
type Member int

// The members. The first and the last three are set by the service and cannot be chosen by a client.
const (
	ID Member = iota
	Reference
	Title
	Description
	Price
	Currency
	Location
	Offer
	Kind
	Status
	Bedrooms
	Bathrooms
	AreaM2
	Latitude
	Longitude
	Photos
	Version
	CreatedAt
	UpdatedAt
	memberCount int = iota
)

var names = [memberCount]string{
	"id", "reference", "title", "description", "price", "currency", "location", "offer", "kind", "status", "bedrooms",
	"bathrooms", "area_m2", "latitude", "longitude", "photos", "version", "created_at", "updated_at",
}

// Members are all members, in the order of the object.
func Members() []Member {
	all := make([]Member, memberCount)
	for i := range all {
		all[i] = Member(i)
	}
	return all
}

// String is the member's name, such as area_m2.
func (m Member) String() string { return names[m] }

// ReadOnly reports whether the service sets the member: id, version, created_at, updated_at.
func (m Member) ReadOnly() bool { return m == ID || m >= Version }

// MemberNamed finds the member with exactly this name.
func MemberNamed(name string) (Member, bool) {
	for i, n := range names {
		if n == name {
			return Member(i), true
		}
	}
	return 0, false
}

// Selection is a set of members. The zero value is empty.
type Selection uint32

// Every is the selection of all members.
const Every = Selection(1<<memberCount - 1)

// With is the selection and this member.
func (s Selection) With(m Member) Selection { return s | 1<<m }

// Has reports whether the member is in the selection.
func (s Selection) Has(m Member) bool { return s&(1<<m) != 0 }

// fields are what the members that a source may lack are about.
var fields = [memberCount]property.Fields{
	Description: property.FieldDescription, Currency: property.FieldCurrency, Offer: property.FieldOffer,
	Kind: property.FieldKind, Status: property.FieldStatus, Bedrooms: property.FieldBedrooms,
	Bathrooms: property.FieldBathrooms, AreaM2: property.FieldAreaM2, Latitude: property.FieldCoordinates,
	Longitude: property.FieldCoordinates, Photos: property.FieldPhotos,
}

// Absent are the fields of a listing that no member of the selection is about.
func Absent(present Selection) property.Fields {
	absent := property.AllFields
	for m, field := range fields {
		if present.Has(Member(m)) {
			absent = absent.Without(field)
		}
	}
	return absent
}
