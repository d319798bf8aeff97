package bunstore

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
)

// row is a listing as the table properties holds it, and as the images in property_changes spell it.
type row struct {
	bun.BaseModel `bun:"table:properties,alias:p" json:"-"`

	ID          uuid     `bun:"id,pk,type:uuid" json:"id"`
	Reference   *string  `bun:"reference,type:text" json:"reference"`
	Title       string   `bun:"title,type:text" json:"title"`
	Description string   `bun:"description,type:text" json:"description"`
	Price       decimal  `bun:"price,type:numeric" json:"price"`
	Currency    string   `bun:"currency,type:text" json:"currency"`
	Location    string   `bun:"location,type:text" json:"location"`
	Offer       string   `bun:"offer,type:text" json:"offer"`
	Kind        string   `bun:"kind,type:text" json:"kind"`
	Status      string   `bun:"status,type:text" json:"status"`
	Bedrooms    *int     `bun:"bedrooms,type:integer" json:"bedrooms"`
	Bathrooms   *decimal `bun:"bathrooms,type:numeric" json:"bathrooms"`
	AreaM2      *decimal `bun:"area_m2,type:numeric" json:"area_m2"`
	Latitude    *float64 `bun:"latitude,type:double precision" json:"latitude"`
	Longitude   *float64 `bun:"longitude,type:double precision" json:"longitude"`
	Photos      photos   `bun:"photos,type:jsonb" json:"photos"`
	Version     int64    `bun:"version,type:bigint" json:"version"`
	CreatedAt   instant  `bun:"created_at,type:timestamptz" json:"created_at"`
	UpdatedAt   instant  `bun:"updated_at,type:timestamptz" json:"updated_at"`
}

// detailColumns are the columns that a person may set.
var detailColumns = []string{
	"reference", "title", "description", "price", "currency", "location", "offer", "kind", "status",
	"bedrooms", "bathrooms", "area_m2", "latitude", "longitude", "photos",
}

// columns are all columns, in the order of values and fields.
var columns = slices.Concat([]string{"id"}, detailColumns, []string{"version", "created_at", "updated_at"})

// values are the columns' values as arguments that any driver understands.
func (r *row) values() []any {
	return []any{
		property.ID(r.ID).String(), r.Reference, r.Title, r.Description, property.Decimal(r.Price).String(), r.Currency,
		r.Location, r.Offer, r.Kind, r.Status, r.Bedrooms, textOrNull(r.Bathrooms), textOrNull(r.AreaM2),
		r.Latitude, r.Longitude, r.Photos.String(), r.Version, r.CreatedAt.String(), r.UpdatedAt.String(),
	}
}

// fields are where the columns are scanned into.
func (r *row) fields() []any {
	return []any{
		&r.ID, &r.Reference, &r.Title, &r.Description, &r.Price, &r.Currency,
		&r.Location, &r.Offer, &r.Kind, &r.Status, &r.Bedrooms, &r.Bathrooms, &r.AreaM2,
		&r.Latitude, &r.Longitude, &r.Photos, &r.Version, &r.CreatedAt, &r.UpdatedAt,
	}
}

func textOrNull(d *decimal) *string {
	if d == nil {
		return nil
	}
	text := property.Decimal(*d).String()
	return &text
}

func rowOf(p property.Property) row {
	r := row{
		ID: uuid(p.ID), Title: p.Title, Description: p.Description,
		Price: decimal(p.Price), Currency: string(p.Currency), Location: p.Location,
		Offer: string(p.Offer), Kind: string(p.Kind), Status: string(p.Status),
		Bathrooms: decimalOrNull(p.Bathrooms), AreaM2: decimalOrNull(p.AreaM2), Photos: p.Photos,
		Version: p.Version, CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt),
	}
	if p.Reference != "" {
		r.Reference = &p.Reference
	}
	if p.Bedrooms.Valid {
		r.Bedrooms = &p.Bedrooms.Value
	}
	if p.Coordinates.Valid {
		r.Latitude, r.Longitude = &p.Coordinates.Value.Latitude, &p.Coordinates.Value.Longitude
	}
	return r
}

func (r *row) property() property.Property {
	p := property.Property{
		ID: property.ID(r.ID), Version: r.Version,
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(),
		Details: property.Details{
			Title: r.Title, Description: r.Description,
			Price: property.Decimal(r.Price), Currency: property.Currency(r.Currency), Location: r.Location,
			Offer: property.Offer(r.Offer), Kind: property.Kind(r.Kind), Status: property.Status(r.Status),
			Bathrooms: optionalDecimal(r.Bathrooms), AreaM2: optionalDecimal(r.AreaM2),
		},
	}
	if r.Reference != nil {
		p.Reference = *r.Reference
	}
	if r.Bedrooms != nil {
		p.Bedrooms = property.Some(*r.Bedrooms)
	}
	if r.Latitude != nil && r.Longitude != nil {
		// An image has no -0, which hand-written SQL can store: plus 0 it is 0.
		p.Coordinates = property.Some(property.Coordinates{Latitude: *r.Latitude + 0, Longitude: *r.Longitude + 0})
	}
	if len(r.Photos) > 0 {
		p.Photos = r.Photos
	}
	return p
}

func decimalOrNull(d property.Optional[property.Decimal]) *decimal {
	if !d.Valid {
		return nil
	}
	return (*decimal)(&d.Value)
}

func optionalDecimal(d *decimal) property.Optional[property.Decimal] {
	if d == nil {
		return property.Optional[property.Decimal]{}
	}
	return property.Some(property.Decimal(*d))
}

func rowsOf(listings []property.Property) []row {
	rows := make([]row, len(listings))
	for i, p := range listings {
		rows[i] = rowOf(p)
	}
	return rows
}

// image is a listing as JSON in a column that may be NULL. Scanning one never fails: what cannot be read says so in
// broken.
type image struct {
	*row

	size   int // of the text
	broken error
}

func (i *image) Scan(src any) error {
	*i = image{}
	if src == nil {
		return nil
	}
	text, err := textOf(src)
	if err == nil {
		err = json.Unmarshal([]byte(text), &i.row)
	}
	if err != nil {
		*i = image{broken: fmt.Errorf("read the image of a listing: %w", err)}
	}
	i.size = len(text)
	return nil
}

func (i image) property() *property.Property {
	if i.row == nil {
		return nil
	}
	p := i.row.property()
	return &p
}
