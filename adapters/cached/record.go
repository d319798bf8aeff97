package cached

import (
	"errors"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/vmihailenco/msgpack/v5"
)

// shape is the version of the record's form. It is part of every key, so that a program with another form never reads
// these records: raise it whenever record or listing change.
const shape = "3"

// record is a kept answer as bytes: what was answered, to which question, and how far the ledger had come when its load
// began: as a place, which every process understands, and as a position, which is more exact and means something only to
// the process that wrote it. A record is believed only if it says itself which question it answers.
type record struct {
	_msgpack struct{} `msgpack:",as_array"`

	Key      string // the whole question, to tell another key's record from this one's
	Epoch    string // of the place, whose snapshot are the next three
	Xmin     uint64
	Xmax     uint64
	InFlight []uint64
	Writer   string // whose ledger Position belongs to
	Position uint64
	Loaded   int64 // when the load began, in microseconds since 1970
	Expires  int64 // the same for the end of its time
	Absent   bool  // the listing does not exist
	Count    int64
	Listings []listing
}

// listing is a property in a record.
type listing struct {
	_msgpack struct{} `msgpack:",as_array"`

	ID                                                [16]byte
	Reference, Title, Description, Currency, Location string
	Offer, Kind, Status                               string
	Price                                             int64
	Bedrooms, Bathrooms, AreaM2                       *int64
	Latitude, Longitude                               *float64
	Photos                                            []string
	Version, CreatedAt, UpdatedAt                     int64
}

var errNotThisRecord = errors.New("the record answers another question")

// decodeRecord reads a record and makes sure that it answers the question and is not over its time.
func decodeRecord(b []byte, key, epoch string, now time.Time) (*record, error) {
	var r record
	if err := msgpack.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	if r.Key != key || r.Epoch != epoch || now.UnixMicro() >= r.Expires {
		return nil, errNotThisRecord
	}
	return &r, nil
}

func (r *record) encode() ([]byte, error) { return msgpack.Marshal(r) }

func (r *record) place() freshness.Place {
	return freshness.Place{Epoch: r.Epoch, Snapshot: freshness.Snapshot{Xmin: r.Xmin, Xmax: r.Xmax, InFlight: r.InFlight}}
}

func (r *record) setPlace(p freshness.Place) {
	r.Epoch, r.Xmin, r.Xmax, r.InFlight = p.Epoch, p.Snapshot.Xmin, p.Snapshot.Xmax, p.Snapshot.InFlight
}

func (r *record) position() freshness.Position { return freshness.Position(r.Position) }

func (r *record) page() *property.Page {
	page := &property.Page{Properties: make([]property.Property, len(r.Listings))}
	for i := range r.Listings {
		page.Properties[i] = r.Listings[i].property()
	}
	return page
}

func (r *record) setPage(page *property.Page) {
	r.Listings = make([]listing, len(page.Properties))
	for i := range page.Properties {
		r.Listings[i] = listingOf(&page.Properties[i])
	}
}

func listingOf(p *property.Property) listing {
	l := listing{
		ID: p.ID, Reference: p.Reference, Title: p.Title, Description: p.Description,
		Currency: string(p.Currency), Location: p.Location,
		Offer: string(p.Offer), Kind: string(p.Kind), Status: string(p.Status), Price: int64(p.Price),
		Bedrooms: pointer[int64](p.Bedrooms), Bathrooms: pointer[int64](p.Bathrooms), AreaM2: pointer[int64](p.AreaM2),
		Photos: p.Photos, Version: p.Version, CreatedAt: p.CreatedAt.UnixMicro(), UpdatedAt: p.UpdatedAt.UnixMicro(),
	}
	if at, ok := p.Coordinates.Get(); ok {
		l.Latitude, l.Longitude = &at.Latitude, &at.Longitude
	}
	return l
}

func (l *listing) property() property.Property {
	p := property.Property{
		ID: l.ID,
		Details: property.Details{
			Reference: l.Reference, Title: l.Title, Description: l.Description,
			Price: property.Decimal(l.Price), Currency: property.Currency(l.Currency), Location: l.Location,
			Offer: property.Offer(l.Offer), Kind: property.Kind(l.Kind), Status: property.Status(l.Status),
			Bedrooms: optional[int](l.Bedrooms), Bathrooms: optional[property.Decimal](l.Bathrooms),
			AreaM2: optional[property.Decimal](l.AreaM2), Photos: l.Photos,
		},
		Version: l.Version, CreatedAt: time.UnixMicro(l.CreatedAt).UTC(), UpdatedAt: time.UnixMicro(l.UpdatedAt).UTC(),
	}
	if l.Latitude != nil && l.Longitude != nil {
		p.Coordinates = property.Some(property.Coordinates{Latitude: *l.Latitude, Longitude: *l.Longitude})
	}
	return p
}

func pointer[To int64, From int | property.Decimal](o property.Optional[From]) *To {
	if !o.Valid {
		return nil
	}
	v := To(o.Value)
	return &v
}

func optional[To int | property.Decimal](p *int64) property.Optional[To] {
	if p == nil {
		return property.Optional[To]{}
	}
	return property.Some(To(*p))
}
