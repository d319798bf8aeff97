// Package propertyjson is the one JSON shape of a listing: its members, their order, how each is written and read.
// The HTTP API and the listing files share it, so that a line of an export is byte for byte what the API returns.
//
// It holds pure functions over bytes and domain values. It never reads or writes anywhere, stores nothing between
// calls, knows no other JSON than a listing's, and checks no rule of the trade: that a title must not be empty is a
// rule of the domain.
package propertyjson

import (
	"strconv"

	"github.com/gable-listings/gable/domain/property"
)

// Member is one member of a listing's JSON object, in the order of the object.
type Member int

// The members that the service sets and a client cannot. Between the first and the other three are the fields of
// property.FieldTable, in its order.
const (
	ID        Member = 0
	Version   Member = firstField + Member(property.FieldCount)
	CreatedAt Member = Version + 1
	UpdatedAt Member = Version + 2

	firstField  Member = 1
	memberCount        = int(UpdatedAt) + 1
)

// fields are the fields from firstField on.
var fields = property.FieldTable()

var names = func() (names [memberCount]string) {
	names[ID], names[Version], names[CreatedAt], names[UpdatedAt] = "id", "version", "created_at", "updated_at"
	for i := range fields {
		names[firstField+Member(i)] = fields[i].Name
	}
	return names
}()

// Field is the field that the member holds; nil for a member that the service sets.
func (m Member) Field() *property.Field {
	if m.ReadOnly() {
		return nil
	}
	return &fields[m-firstField]
}

// Shape identifies the set of members, for entity tags: two bodies of one state differ where their shapes do.
func Shape() string { return strconv.Itoa(memberCount) }

// Members returns all members, in the order of the object.
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
	for i := range names {
		if names[i] == name {
			return Member(i), true
		}
	}
	return 0, false
}

// Selection is a set of members. The zero value is empty.
type Selection uint32

// Every is the selection of all members.
const Every = Selection(1<<memberCount - 1)

// With is the selection plus this member.
func (s Selection) With(m Member) Selection { return s | 1<<m }

// Has reports whether the member is in the selection.
func (s Selection) Has(m Member) bool { return s&(1<<m) != 0 }

// Absent are the fields of a listing without a member in the selection.
func Absent(present Selection) property.Fields {
	return property.Lacking(property.Fields(present >> firstField))
}
