package cached

import (
	"reflect"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/vmihailenco/msgpack/v5"
)

var now = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

// full is a listing with a value in every field.
func full() property.Property {
	return property.Property{
		ID: property.ID{1, 2, 3},
		Details: property.Details{
			Reference: "R-1", Title: "Haus am See 🏡", Description: "<b>schön</b>\n", Price: 450_000_99, Currency: "EUR",
			Location: "Zürich", Offer: property.OfferRent, Kind: property.KindRoom, Status: property.StatusSold,
			Bedrooms: property.Some(0), Bathrooms: property.Some(property.Decimal(225)),
			AreaM2:      property.Some(property.Decimal(0)),
			Coordinates: property.Some(property.Coordinates{Latitude: -0.1, Longitude: 179.123456789}),
			Photos:      []string{"https://example.org/1.jpg", "https://example.org/2.jpg"},
		},
		Version: 7, CreatedAt: now.Add(123 * time.Microsecond), UpdatedAt: now.Add(time.Hour),
	}
}

func kept(listings ...property.Property) *record {
	r := &record{Key: "page:", Epoch: "this", Xmin: 3, Xmax: 9, InFlight: []uint64{3, 7}, Writer: "me", Position: 5, Expires: now.Add(time.Hour).UnixMicro()}
	r.setPage(&property.Page{Properties: listings})
	return r
}

func encoded(t testing.TB, r *record) []byte {
	t.Helper()
	b, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAListingComesBackFromARecordAsItWas(t *testing.T) {
	bare := property.Property{ID: property.ID{9}, CreatedAt: now, UpdatedAt: now}
	for name, p := range map[string]property.Property{"with every field": full(), "with none": bare} {
		t.Run(name, func(t *testing.T) {
			r, err := decodeRecord(encoded(t, kept(p)), "page:", "this", now)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.page().Properties[0]; !reflect.DeepEqual(got, p) {
				t.Errorf("got  %+v\nwant %+v", got, p)
			}
			if r.position() != freshness.Position(5) {
				t.Errorf("the record stands at %d", r.position())
			}
			want := freshness.Place{Epoch: "this", Snapshot: freshness.Snapshot{Xmin: 3, Xmax: 9, InFlight: []uint64{3, 7}}}
			if !reflect.DeepEqual(r.place(), want) {
				t.Errorf("the record was loaded at %v", r.place())
			}
		})
	}
	everyFieldIsSet(t, reflect.ValueOf(full()))
}

// everyFieldIsSet makes sure that a field which a listing gains later is part of these tests.
func everyFieldIsSet(t *testing.T, v reflect.Value) {
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the full listing has no %s", v.Type().Field(i).Name)
		}
		if v.Type().Field(i).Name == "Details" {
			everyFieldIsSet(t, v.Field(i))
		}
	}
}

func TestARecordAnswersItsOwnQuestionOnly(t *testing.T) {
	b := encoded(t, kept(full()))
	cases := map[string]struct {
		key, epoch string
		now        time.Time
		believed   bool
	}{
		"asked for":             {"page:", "this", now, true},
		"to its last moment":    {"page:", "this", now.Add(time.Hour - time.Microsecond), true},
		"another question":      {"page:kind=house", "this", now, false},
		"another epoch":         {"page:", "that", now, false},
		"no epoch":              {"page:", "", now, false},
		"when its time is over": {"page:", "this", now.Add(time.Hour), false},
	}
	for name, c := range cases {
		if _, err := decodeRecord(b, c.key, c.epoch, c.now); (err == nil) != c.believed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARecordOfAnotherShapeIsNotBelieved(t *testing.T) {
	type older struct {
		_msgpack   struct{} `msgpack:",as_array"`
		Key, Epoch string
	}
	type newer struct {
		_msgpack   struct{} `msgpack:",as_array"`
		Key, Epoch string
		Position   string
		More       []int
	}
	for _, other := range []any{older{Key: "page:", Epoch: "this"}, newer{Key: "page:", Epoch: "this"}, map[string]int{"a": 1}, "text", nil} {
		b, err := msgpack.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := decodeRecord(b, "page:", "this", now); err == nil {
			t.Errorf("%+v was read as %+v", other, r)
		}
	}
}

// FuzzDecodeRecord finds bytes that harm the reader: whatever decodes can be used and written again.
func FuzzDecodeRecord(f *testing.F) {
	f.Add(encoded(f, kept(full(), full())))
	f.Add(encoded(f, kept()))
	item := kept()
	item.setItem(nil)
	f.Add(encoded(f, item))
	f.Add([]byte("\xdd\xff\xff\xff\xff"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(b, "page:", "this", now)
		if err != nil {
			if r != nil {
				t.Error("a record that is not to be believed was handed out")
			}
			return
		}
		again, err := decodeRecord(encoded(t, r), "page:", "this", now)
		if err != nil || len(again.page().Properties) != len(r.page().Properties) {
			t.Errorf("written again it reads as %+v, %v", again, err)
		}
	})
}
