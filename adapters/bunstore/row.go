package bunstore

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/gable-listings/gable/domain/property"
)

// row is a listing as the table properties holds it, and as the images in property_changes write it.
type row struct {
	bun.BaseModel `bun:"table:properties,alias:p" json:"-"`

	ID          uuid                   `bun:"id,pk,type:uuid" json:"id"`
	Reference   null[string]           `bun:"reference,type:text" json:"reference"`
	Source      null[string]           `bun:"source,type:text" json:"source"`
	Title       string                 `bun:"title,type:text" json:"title"`
	Description string                 `bun:"description,type:text" json:"description"`
	Price       decimal                `bun:"price,type:numeric" json:"price"`
	Currency    string                 `bun:"currency,type:text" json:"currency"`
	Location    string                 `bun:"location,type:text" json:"location"`
	Offer       string                 `bun:"offer,type:text" json:"offer"`
	Kind        string                 `bun:"kind,type:text" json:"kind"`
	Status      string                 `bun:"status,type:text" json:"status"`
	Bedrooms    null[int]              `bun:"bedrooms,type:integer" json:"bedrooms"`
	Bathrooms   null[property.Decimal] `bun:"bathrooms,type:numeric" json:"bathrooms"`
	AreaM2      null[property.Decimal] `bun:"area_m2,type:numeric" json:"area_m2"`
	LotM2       null[property.Decimal] `bun:"lot_m2,type:numeric" json:"lot_m2"`
	YearBuilt   null[int]              `bun:"year_built,type:integer" json:"year_built"`
	Floor       null[int]              `bun:"floor,type:integer" json:"floor"`
	Latitude    null[float64]          `bun:"latitude,type:double precision" json:"latitude"`
	Longitude   null[float64]          `bun:"longitude,type:double precision" json:"longitude"`
	Photos      photos                 `bun:"photos,type:jsonb" json:"photos"`
	Version     int64                  `bun:"version,type:bigint" json:"version"`
	CreatedAt   instant                `bun:"created_at,type:timestamptz" json:"created_at"`
	UpdatedAt   instant                `bun:"updated_at,type:timestamptz" json:"updated_at"`
}

// column is a column of properties.
type column struct {
	name  string
	value func(*row) any // an argument that either driver understands
	into  func(*row) any // what it is scanned into

	// Of numbers that a listing may lack, how they come from it and go back; nil of all others.
	load  func(*row, *property.Details)
	store func(*property.Details, *row)
}

// plain is a column that rowOf and property copy by themselves.
func plain(name string, value, into func(*row) any) column {
	return column{name: name, value: value, into: into}
}

// number is the column of a number that a listing may lack.
func number[T int | property.Decimal](
	name string, in func(*row) *null[T], of func(*property.Details) *property.Optional[T],
) column {
	return column{
		name: name, value: func(r *row) any { return in(r).argument() }, into: func(r *row) any { return in(r) },
		load:  func(r *row, d *property.Details) { in(r).Optional = *of(d) },
		store: func(d *property.Details, r *row) { *of(d) = in(r).Optional },
	}
}

// table is the columns of properties. The columns that a client may set stand between the id and the version.
var table = []column{
	plain("id", func(r *row) any { return property.ID(r.ID).String() }, func(r *row) any { return &r.ID }),
	plain("reference", func(r *row) any { return r.Reference.argument() }, func(r *row) any { return &r.Reference }),
	plain("source", func(r *row) any { return r.Source.argument() }, func(r *row) any { return &r.Source }),
	plain("title", func(r *row) any { return r.Title }, func(r *row) any { return &r.Title }),
	plain("description", func(r *row) any { return r.Description }, func(r *row) any { return &r.Description }),
	plain("price", func(r *row) any { return property.Decimal(r.Price).String() }, func(r *row) any { return &r.Price }),
	plain("currency", func(r *row) any { return r.Currency }, func(r *row) any { return &r.Currency }),
	plain("location", func(r *row) any { return r.Location }, func(r *row) any { return &r.Location }),
	plain("offer", func(r *row) any { return r.Offer }, func(r *row) any { return &r.Offer }),
	plain("kind", func(r *row) any { return r.Kind }, func(r *row) any { return &r.Kind }),
	plain("status", func(r *row) any { return r.Status }, func(r *row) any { return &r.Status }),
	number("bedrooms", func(r *row) *null[int] { return &r.Bedrooms },
		func(d *property.Details) *property.Optional[int] { return &d.Bedrooms }),
	number("bathrooms", func(r *row) *null[property.Decimal] { return &r.Bathrooms },
		func(d *property.Details) *property.Optional[property.Decimal] { return &d.Bathrooms }),
	number("area_m2", func(r *row) *null[property.Decimal] { return &r.AreaM2 },
		func(d *property.Details) *property.Optional[property.Decimal] { return &d.AreaM2 }),
	number("lot_m2", func(r *row) *null[property.Decimal] { return &r.LotM2 },
		func(d *property.Details) *property.Optional[property.Decimal] { return &d.LotM2 }),
	number("year_built", func(r *row) *null[int] { return &r.YearBuilt },
		func(d *property.Details) *property.Optional[int] { return &d.YearBuilt }),
	number("floor", func(r *row) *null[int] { return &r.Floor },
		func(d *property.Details) *property.Optional[int] { return &d.Floor }),
	plain("latitude", func(r *row) any { return r.Latitude.argument() }, func(r *row) any { return &r.Latitude }),
	plain("longitude", func(r *row) any { return r.Longitude.argument() }, func(r *row) any { return &r.Longitude }),
	plain("photos", func(r *row) any { return r.Photos.String() }, func(r *row) any { return &r.Photos }),
	plain("version", func(r *row) any { return r.Version }, func(r *row) any { return &r.Version }),
	plain("created_at", func(r *row) any { return r.CreatedAt.String() }, func(r *row) any { return &r.CreatedAt }),
	plain("updated_at", func(r *row) any { return r.UpdatedAt.String() }, func(r *row) any { return &r.UpdatedAt }),
}

var (
	// columns are the names of all columns, in the order of values and fields.
	columns = columnNames()
	// detailColumns are the columns that a client may set.
	detailColumns = columns[1:slices.Index(columns, "version")]
)

func columnNames() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].name
	}
	return names
}

// values are the columns' values as arguments that either driver understands.
func (r *row) values() []any {
	values := make([]any, len(table), len(table)+1) // an actor follows
	for i := range table {
		values[i] = table[i].value(r)
	}
	return values
}

// fields are the variables that the columns are scanned into.
func (r *row) fields() []any {
	fields := make([]any, len(table))
	for i := range table {
		fields[i] = table[i].into(r)
	}
	return fields
}

func rowOf(p property.Property) row {
	at := p.Coordinates
	r := row{
		ID: uuid(p.ID), Reference: nullable(p.Reference, p.Reference != ""), Source: nullable(p.Source, p.Source != ""),
		Title: p.Title, Description: p.Description,
		Price: decimal(p.Price), Currency: string(p.Currency), Location: p.Location,
		Offer: string(p.Offer), Kind: string(p.Kind), Status: string(p.Status),
		Latitude: nullable(at.Value.Latitude, at.Valid), Longitude: nullable(at.Value.Longitude, at.Valid),
		Photos:  p.Photos,
		Version: p.Version, CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt),
	}
	for i := range table {
		if table[i].load != nil {
			table[i].load(&r, &p.Details)
		}
	}
	return r
}

func (r *row) property() property.Property {
	var p property.Property
	r.fill(&p)
	return p
}

// fill sets the listing to the row.
func (r *row) fill(p *property.Property) {
	*p = property.Property{
		ID: property.ID(r.ID), Version: r.Version,
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(),
		Details: property.Details{
			Reference: r.Reference.Optional.Value, Source: r.Source.Optional.Value,
			Title: r.Title, Description: r.Description,
			Price: property.Decimal(r.Price), Currency: property.Currency(r.Currency), Location: r.Location,
			Offer: property.Offer(r.Offer), Kind: property.Kind(r.Kind), Status: property.Status(r.Status),
			Coordinates: r.coordinates(), Photos: r.Photos.list(),
		},
	}
	for i := range table {
		if table[i].store != nil {
			table[i].store(&p.Details, r)
		}
	}
}

func (r *row) coordinates() property.Optional[property.Coordinates] {
	if !r.Latitude.Valid || !r.Longitude.Valid {
		return property.Optional[property.Coordinates]{}
	}
	// An image has no -0, which hand-written SQL can store: plus 0 it is 0.
	return property.Some(property.Coordinates{
		Latitude: r.Latitude.Optional.Value + 0, Longitude: r.Longitude.Optional.Value + 0,
	})
}

func rowsOf(listings []property.Property) []row {
	rows := make([]row, len(listings))
	for i, p := range listings {
		rows[i] = rowOf(p)
	}
	return rows
}

// image is a listing as JSON in a column that may be NULL. Scanning an image never fails; the error of an unreadable
// one is in broken.
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
	p := new(property.Property)
	i.row.fill(p)
	return p
}
