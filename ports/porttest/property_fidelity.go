package porttest

import (
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

var fidelityCases = []suiteCase[shelf]{
	{"every_field_comes_back", "A listing is stored as it was passed, in every field, with its photos in order.",
		func(s shelf) {
			p := s.full(1)
			s.wantSame("the listing created", s.create(p), p)
			s.wantStored(p)
		}},
	{"absent_is_not_zero", "Absent values come back absent, zeros as zeros.", func(s shelf) {
		s.wantStored(s.add(1))
		zero := func(d *property.Details) {
			d.Price, d.Bedrooms = 0, property.Some(0)
			d.Bathrooms, d.AreaM2 = property.Some[property.Decimal](0), property.Some[property.Decimal](0)
			d.Coordinates = property.Some(property.Coordinates{})
		}
		p := s.draft(2, zero)
		s.create(p)
		s.wantStored(p)
	}},
	{"decimals_are_exact_at_the_extremes", "Numbers of the greatest size and the finest step come back exactly.",
		func(s shelf) {
			prices := []property.Decimal{property.MaxPrice, property.MaxPrice - 1, 1, 10, 99, 100_000_000_000_01,
				123_456_789_012_34}
			for i, p := range prices {
				stored := s.draft(i, price(p), func(d *property.Details) {
					d.AreaM2 = property.Some(property.MaxAreaM2 - property.Decimal(i))
					d.Bathrooms = property.Some(property.MaxBathrooms - property.Decimal(25*i))
					d.Bedrooms = property.Some(property.MaxBedrooms - i)
				})
				s.create(stored)
				s.wantStored(stored)
			}
			s.wantFound("min_price=999999999999.99", "a")
			s.wantFound("max_price=0.01", "c")
		}},
	{"text_comes_back_character_by_character",
		"Text is stored unchanged: any script, emoji, quotes, backslashes, inner white space, and at full length.",
		func(s shelf) {
			p := s.draft(1, func(d *property.Details) {
				d.Title = `O'Brien "Süd" \n %s $1 ? ?? :name {} [] 香港 🏡👩‍👩‍👧 ` + "e\u0301 \u202Eabc"
				d.Description = strings.Repeat("旺角 — <br>&nbsp;\r\n\t", 1_000)
				d.Location = strings.Repeat("界", property.MaxLocation)
				d.Reference = "000" + strings.Repeat("ä", property.MaxReference-3)
			})
			s.create(p)
			s.wantStored(p)
		}},
	{"photos_come_back_at_full_length", "Up to MaxPhotos addresses are stored, in order.", func(s shelf) {
		p := s.draft(1, func(d *property.Details) {
			for i := range property.MaxPhotos {
				d.Photos = append(d.Photos, "https://example.com/"+strings.Repeat("%C3%BC,'\"", (i*37)%200))
			}
		})
		s.create(p)
		s.wantStored(p)
	}},
	{"coordinates_are_exact", "Coordinates come back to the last bit.", func(s shelf) {
		places := []property.Coordinates{
			{Latitude: 90, Longitude: 180}, {Latitude: -90, Longitude: -180}, {Latitude: 0.1 + 0.2, Longitude: 1.0 / 3},
			{Latitude: 5e-324, Longitude: -1e-300}, {Latitude: 47.51122334455667, Longitude: -122.25700000000001},
		}
		for i, place := range places {
			p := s.draft(i, func(d *property.Details) { d.Coordinates = property.Some(place) })
			s.create(p)
			s.wantStored(p)
		}
	}},
	{"times_are_exact_to_the_microsecond", "Times come back in UTC, to the microsecond, in the far past and future.",
		func(s shelf) {
			times := []time.Time{
				time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
				time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 1_000, time.UTC),
				time.Unix(0, 0).UTC(),
			}
			for i, at := range times {
				p := s.draft(i)
				p.CreatedAt, p.UpdatedAt = at, at
				s.create(p)
				s.wantStored(p)
			}
			s.wantOrder("sort=created_at", "b", "c", "e", "a", "d")
		}},
	{"stored_values_share_no_memory_with_callers",
		"A passed value stays the caller's: the store holds none of its memory.",
		func(s shelf) {
			p := s.full(1)
			s.create(p)
			before := p.Photos[0]
			p.Photos[0] = "https://example.com/scribbled"
			if photo := s.find(p.ID).Photos[0]; photo != before {
				s.t.Fatalf("writing to the photos handed in changed the stored ones to %q", photo)
			}
		}},
}
