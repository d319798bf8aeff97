package property

import (
	"cmp"
	"math"
	"time"
)

// Limits of a search.
const (
	DefaultLimit  = 20
	MaxLimit      = 500
	MaxText       = 200 // characters of q and of location
	MaxWords      = 10  // of q; a phrase is one
	MaxReferences = 100
	MaxRadiusKM   = 1_000.0
)

// Search is a question about listings: which ones, in which order, and which page of that order. Searches that mean
// the same have the same canonical text (String), in whatever spelling they were written. Make one with
// ParseSearch; the zero value, with its limit of 0, asks for nothing.
type Search struct {
	Filter Filter
	Sort   Sort
	// Limit is the largest number of listings on the page, 1 to MaxLimit.
	Limit int
	// After is the sort position behind which the page begins; absent on the first page.
	After Optional[SortPosition]
}

// Filter selects the listings of a search. The zero value lets every listing through. A bound or a box lets no
// listing through that lacks the value.
type Filter struct {
	// Words are words and phrases, folded, in the order in which they were typed. Each must occur in the title, the
	// description or the location, or else all of them together (Whole) must be the fold of the reference.
	Words      []string
	References []string // any of these, sorted; empty means no restriction
	Location   string   // a folded word or phrase that must occur in the location
	Offers     []Offer  // any of these, sorted; empty means no restriction. Same for the next three
	Kinds      []Kind
	Statuses   []Status
	Currencies []Currency
	Source     string // exactly this one; "" means no restriction

	Price, Bedrooms, Bathrooms, AreaM2, LotM2, YearBuilt Range // see Ranges

	Box  Optional[Box]
	Near Optional[Circle]

	CreatedAfter Optional[time.Time] // exclusive
	UpdatedAfter Optional[time.Time] // exclusive
}

// Box is a range of latitudes and longitudes in degrees, edges included. With West greater than East it crosses the
// antimeridian.
type Box struct {
	West, South, East, North float64
}

// Contains reports whether the coordinates lie in the box.
func (b Box) Contains(c Coordinates) bool {
	if c.Latitude < b.South || c.Latitude > b.North {
		return false
	}
	if b.West <= b.East {
		return b.West <= c.Longitude && c.Longitude <= b.East
	}
	return c.Longitude >= b.West || c.Longitude <= b.East
}

// Circle is the places within RadiusKM kilometres of Center, measured on a sphere (the haversine formula).
type Circle struct {
	Center   Coordinates
	RadiusKM float64
}

// EarthRadiusKM is the mean radius of the Earth (IUGG), in kilometres.
const EarthRadiusKM = 6371.0088

// DistanceKM is the great-circle distance between two places in kilometres, by the haversine formula.
func DistanceKM(a, b Coordinates) float64 {
	const degree = math.Pi / 180
	lat := math.Sin((b.Latitude - a.Latitude) * degree / 2)
	lon := math.Sin((b.Longitude - a.Longitude) * degree / 2)
	h := lat*lat + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*lon*lon
	return 2 * EarthRadiusKM * math.Asin(math.Sqrt(min(1, h)))
}

// Bounds is a box that contains the whole circle, for stores that can look up boxes but not circles.
func (c Circle) Bounds() Box {
	const degree = math.Pi / 180
	reach := c.RadiusKM / (EarthRadiusKM * degree) * 1.000001 // degrees of latitude, with room for rounding
	box := Box{West: -180, East: 180, South: max(-90, c.Center.Latitude-reach), North: min(90, c.Center.Latitude+reach)}
	if box.South <= -90 || box.North >= 90 {
		return box
	}
	turn := math.Asin(math.Sin(reach*degree)/math.Cos(c.Center.Latitude*degree)) / degree
	box.West, box.East = wrapped(c.Center.Longitude-turn), wrapped(c.Center.Longitude+turn)
	return box
}

func wrapped(longitude float64) float64 {
	switch {
	case longitude < -180:
		return longitude + 360
	case longitude > 180:
		return longitude - 360
	}
	return longitude
}

// SortKey is the value by which a search orders listings.
type SortKey string

// The sort keys.
const (
	SortCreatedAt SortKey = "created_at"
	SortUpdatedAt SortKey = "updated_at"
	SortPrice     SortKey = "price"
	SortAreaM2    SortKey = "area_m2"
	SortDistance  SortKey = "distance" // for searches with Near
)

// SortKeys are all sort keys.
func SortKeys() []SortKey {
	return []SortKey{SortCreatedAt, SortUpdatedAt, SortPrice, SortAreaM2, SortDistance}
}

// Sort is an order: a key and a direction. Ties are broken by id in the same direction. Listings without the key's
// value come last in both directions.
type Sort struct {
	Key        SortKey
	Descending bool
	From       Coordinates // where a distance begins: the center of Near; zero for other keys
}

// from is the sort of a search near a place.
func (s Sort) from(near Optional[Circle]) Sort {
	if s.Key == SortDistance {
		s.From = near.Value.Center
	}
	return s
}

// DefaultSort has the newest listings first.
var DefaultSort = Sort{Key: SortCreatedAt, Descending: true}

// ExportSort is the order of an export: the oldest listings first, so that an import stores them in their order.
var ExportSort = Sort{Key: SortCreatedAt}

// String is the key, with a minus in front when the order is descending.
func (s Sort) String() string {
	if s.Descending {
		return "-" + string(s.Key)
	}
	return string(s.Key)
}

// SortPosition is where a listing stands in a sort order: its sort key as a whole number and its id. The key has
// hundredths for decimals, microseconds since 1970 for times, and what DistanceKey returns for a distance.
type SortPosition struct {
	Key int64
	ID  ID
}

// The area by which a listing without one sorts: just beyond every possible area, on the side that comes last.
const (
	NoAreaAscending  Decimal = 10_000_000_000_00
	NoAreaDescending Decimal = -1_00
)

// PositionOf is the listing's position in this order.
func (s Sort) PositionOf(p *Property) SortPosition {
	switch s.Key {
	case SortUpdatedAt:
		return SortPosition{p.UpdatedAt.UnixMicro(), p.ID}
	case SortPrice:
		return SortPosition{int64(p.Price), p.ID}
	case SortAreaM2:
		return SortPosition{int64(s.area(p.AreaM2)), p.ID}
	case SortDistance:
		return SortPosition{s.distance(p.Coordinates), p.ID}
	default:
		return SortPosition{p.CreatedAt.UnixMicro(), p.ID}
	}
}

func (s Sort) area(area Optional[Decimal]) Decimal {
	switch {
	case area.Valid:
		return area.Value
	case s.Descending:
		return NoAreaDescending
	}
	return NoAreaAscending
}

func (s Sort) distance(at Optional[Coordinates]) int64 {
	switch {
	case at.Valid:
		return DistanceKey(s.From, at.Value)
	case s.Descending:
		return math.MinInt64
	}
	return math.MaxInt64
}

// Compare orders two positions: negative when a comes first in this order, positive when b does, 0 for the same
// listing.
func (s Sort) Compare(a, b SortPosition) int {
	order := cmp.Compare(a.Key, b.Key)
	if order == 0 {
		order = a.ID.Compare(b.ID)
	}
	if s.Descending {
		return -order
	}
	return order
}
