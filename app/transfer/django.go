package transfer

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

// djangoReference is the reference of a listing that had this id in a Django service.
func djangoReference(id int64) string { return "django-" + strconv.FormatInt(id, 10) }

// DjangoRow is a listing of a Django service.
type DjangoRow struct {
	ID                                  int64
	Title, Description, Price, Location string
	CreatedAt                           time.Time
}

// Django is the listings of a Django service as a source of an import. Their ids become references.
type Django struct {
	// Rows returns the next row, and io.EOF after the last.
	Rows func() (DjangoRow, error)
	read int
}

// djangoAbsent are the fields that a Django service does not have.
var djangoAbsent = func() property.Fields {
	var present property.Fields
	for i, field := range property.FieldTable() {
		if slices.Contains([]string{"description", "title", "price", "location", "reference"}, field.Name) {
			present = present.With(i)
		}
	}
	return property.Lacking(present)
}()

// Next implements catalog.Source. The line of a record is its place in the table.
func (d *Django) Next() (property.Record, error) {
	row, err := d.Rows()
	if err != nil {
		return property.Record{}, err
	}
	d.read++
	record := property.Record{
		Line: d.read, Absent: djangoAbsent, Raw: row.line(),
		State: property.State{CreatedAt: property.Instant(row.CreatedAt)},
		Details: property.Details{
			Reference: djangoReference(row.ID), Title: row.Title, Description: row.Description, Location: row.Location,
		},
	}
	record.Details.Price, err = property.ParseDecimal(row.Price)
	switch {
	case errors.Is(err, property.ErrTooPrecise):
		record.Err = property.Invalid("price", "must have at most two digits after the point, unlike %s", row.Price)
	case errors.Is(err, property.ErrOutOfRange):
		record.Err = property.Invalid("price", "is out of range: %s", row.Price)
	case err != nil:
		record.Err = property.Invalid("price", "must be a decimal number, not %q", row.Price)
	}
	return record, nil
}

// line is the row as a line of NDJSON, for the file of rejects.
func (r *DjangoRow) line() []byte {
	line, err := json.Marshal(struct {
		Reference   string    `json:"reference"`
		Title       string    `json:"title"`
		Description string    `json:"description"`
		Price       string    `json:"price"`
		Location    string    `json:"location"`
		CreatedAt   time.Time `json:"created_at"`
	}{djangoReference(r.ID), r.Title, r.Description, r.Price, r.Location, r.CreatedAt.UTC()})
	if err != nil {
		return nil // a year beyond 9999: the row cannot be written, and its reason is still shown
	}
	return line
}
