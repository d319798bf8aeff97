package bunstore

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun/schema"

	"github.com/gable-listings/gable/domain/property"
)

// The column types below read the values of both drivers and write values that both understand. They are also the
// JSON of the images in property_changes, which the triggers write.

// uuid is an id: the type uuid in Postgres, canonical text in SQLite.
type uuid property.ID

func (u *uuid) Scan(src any) error {
	text, err := textOf(src)
	if err != nil {
		return err
	}
	return u.parse(text)
}

func (u *uuid) UnmarshalText(text []byte) error { return u.parse(string(text)) }

func (u *uuid) parse(text string) error {
	id, err := property.ParseID(text)
	*u = uuid(id)
	return err
}

func (u uuid) MarshalText() ([]byte, error) { return []byte(property.ID(u).String()), nil }

func (u uuid) Value() (driver.Value, error) { return property.ID(u).String(), nil }

// decimal is an exact number: numeric in Postgres, INTEGER or REAL in SQLite, whose 53 bits hold all 15 digits.
type decimal property.Decimal

func (d *decimal) Scan(src any) error {
	switch v := src.(type) {
	case int64:
		*d = decimal(v * 100)
		return nil
	case float64:
		*d = decimal(property.DecimalFromFloat(v))
		return nil
	}
	text, err := textOf(src)
	if err != nil {
		return err
	}
	exact, err := property.ParseDecimal(text)
	*d = decimal(exact)
	return err
}

// UnmarshalJSON reads a number. SQLite writes a REAL with so many digits that it can end in …999; that is rounded.
func (d *decimal) UnmarshalJSON(b []byte) error {
	if d.Scan(b) == nil {
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*d = decimal(property.DecimalFromFloat(f))
	return err
}

func (d decimal) MarshalJSON() ([]byte, error) { return property.Decimal(d).Append(nil), nil }

// AppendQuery writes a bare number, so that SQLite compares it as a number with an expression too.
func (d decimal) AppendQuery(_ schema.QueryGen, b []byte) ([]byte, error) {
	return property.Decimal(d).Append(b), nil
}

// null is a value that may be NULL. NULL is scanned into an absent value, which is the zero value.
type null[T string | int | float64 | property.Decimal] struct{ property.Optional[T] }

func nullable[T string | int | float64 | property.Decimal](v T, valid bool) null[T] {
	return null[T]{property.Optional[T]{Value: v, Valid: valid}}
}

func (n *null[T]) Scan(src any) error {
	*n = null[T]{}
	if src == nil {
		return nil
	}
	n.Valid = true
	if d, ok := any(&n.Optional.Value).(*property.Decimal); ok {
		return (*decimal)(d).Scan(src)
	}
	var v sql.Null[T]
	err := v.Scan(src)
	n.Optional.Value = v.V
	return err
}

// argument is the value as an argument that either driver understands.
func (n null[T]) argument() any {
	if !n.Valid {
		return nil
	}
	switch v := any(n.Optional.Value).(type) {
	case property.Decimal:
		return v.String()
	case int:
		return int64(v)
	default:
		return v
	}
}

func (n null[T]) Value() (driver.Value, error) { return n.argument(), nil }

// AppendQuery writes a bare decimal, as decimal does.
func (n null[T]) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	if d, ok := any(n.Optional.Value).(property.Decimal); ok && n.Valid {
		return d.Append(b), nil
	}
	return gen.Append(b, n.argument()), nil
}

func (n *null[T]) UnmarshalJSON(b []byte) (err error) {
	*n = null[T]{}
	if string(b) == "null" {
		return nil
	}
	n.Valid = true
	switch v := any(&n.Optional.Value).(type) {
	case *property.Decimal:
		return (*decimal)(v).UnmarshalJSON(b)
	case *int:
		*v, err = strconv.Atoi(string(b))
		return err
	case *float64:
		*v, err = strconv.ParseFloat(string(b), 64)
		return err
	default:
		return json.Unmarshal(b, v)
	}
}

func (n null[T]) MarshalJSON() ([]byte, error) {
	if d, ok := any(n.Optional.Value).(property.Decimal); ok && n.Valid {
		return d.Append(nil), nil
	}
	return json.Marshal(n.argument())
}

// instant is a time in UTC to the microsecond: timestamptz in Postgres; in SQLite text of fixed width, whose order is
// the order of time. NULL is read as the zero time.
type instant time.Time

const instantLayout = "2006-01-02T15:04:05.000000Z"

func (t *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = instant{}
		return nil
	case time.Time:
		*t = instant(v.UTC())
		return nil
	}
	text, err := textOf(src)
	if err != nil {
		return err
	}
	return t.parse(text)
}

func (t *instant) UnmarshalText(text []byte) error { return t.parse(string(text)) }

func (t *instant) parse(text string) error {
	at, err := time.Parse(time.RFC3339Nano, text)
	*t = instant(at.UTC())
	return err
}

func (t instant) time() time.Time { return time.Time(t) }

func (t instant) String() string { return t.time().UTC().Format(instantLayout) }

func (t instant) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

func (t instant) Value() (driver.Value, error) { return t.String(), nil }

// photos is a JSON array: jsonb in Postgres, text in SQLite.
type photos []string

func (p *photos) Scan(src any) error {
	text, err := textOf(src)
	if err != nil {
		return err
	}
	*p = nil
	if text == "[]" { // most rows have none
		return nil
	}
	return json.Unmarshal([]byte(text), (*[]string)(p))
}

func (p photos) Value() (driver.Value, error) { return p.String(), nil }

func (p photos) String() string {
	if len(p) == 0 {
		return "[]"
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)    // addresses are full of &, and people read this column
	_ = encoder.Encode([]string(p)) // strings into memory: nothing can fail
	return strings.TrimSuffix(b.String(), "\n")
}

// list is nil if there are no photos.
func (p photos) list() []string {
	if len(p) == 0 {
		return nil
	}
	return p
}

// textOf is the text of a driver's value, as one Go type or another.
func textOf(src any) (string, error) {
	switch v := src.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("unexpected value of type %T in a column", src)
}
