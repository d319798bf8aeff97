package porttest

import (
	"github.com/gable-listings/gable/domain/property"
)

// shelvePlaces stores one listing for each location, titled a, b, c …, and one without coordinates.
func (s shelf) shelvePlaces(places ...property.Coordinates) {
	s.t.Helper()
	for i, place := range places {
		s.add(i, func(d *property.Details) { d.Coordinates = property.Some(place) })
	}
	s.add(len(places), title("nowhere"))
}

var placeCases = []suiteCase[shelf]{
	{"a_box_includes_its_edges",
		"bbox matches locations inside the box, edges included, and no listing without coordinates.", func(s shelf) {
			s.shelvePlaces(property.Coordinates{Latitude: 10, Longitude: 20}, property.Coordinates{Latitude: 11, Longitude: 21},
				property.Coordinates{Latitude: 11.0000001, Longitude: 20.5}, property.Coordinates{Latitude: 10.5,
					Longitude: 19.9999999})
			s.wantFound("bbox=20,10,21,11", "a", "b")
			s.wantFound("bbox=20,10,20,10", "a")
			s.wantFound("bbox=-180,-90,180,90", "a", "b", "c", "d")
		}},
	{"a_box_crosses_the_antimeridian", "A box whose west is greater than its east reaches across the antimeridian.",
		func(s shelf) {
			s.shelvePlaces(property.Coordinates{Latitude: -17, Longitude: 179},
				property.Coordinates{Latitude: -17, Longitude: -179},
				property.Coordinates{Latitude: -17, Longitude: 180}, property.Coordinates{Latitude: -17, Longitude: -180},
				property.Coordinates{Latitude: -17, Longitude: 0}, property.Coordinates{Latitude: 40, Longitude: 179})
			s.wantFound("bbox=178,-20,-178,-10", "a", "b", "c", "d")
			s.wantFound("bbox=179,-20,-180,-10", "a", "c", "d")
			s.wantFound("bbox=-179,-20,179,-10", "a", "b", "e")
		}},
	{"a_circle_measures_on_the_globe",
		"near matches locations within radius_km of great-circle distance, and no listing without coordinates.",
		func(s shelf) {
			// From Seattle: itself, Bellevue (10 km), Tacoma (40 km), Portland (234 km), the corner of the bounding box of 50
			// km.
			s.shelvePlaces(property.Coordinates{Latitude: 47.6062, Longitude: -122.3321},
				property.Coordinates{Latitude: 47.6101, Longitude: -122.2015},
				property.Coordinates{Latitude: 47.2529, Longitude: -122.4443}, property.Coordinates{Latitude: 45.5152,
					Longitude: -122.6784},
				property.Coordinates{Latitude: 48.04, Longitude: -121.68})
			s.wantFound("near=47.6062,-122.3321&radius_km=0.001", "a")
			s.wantFound("near=47.6062,-122.3321&radius_km=9.7", "a")
			s.wantFound("near=47.6062,-122.3321&radius_km=10", "a", "b")
			s.wantFound("near=47.6062,-122.3321&radius_km=50", "a", "b", "c")
			s.wantFound("near=47.6062,-122.3321&radius_km=1000", "a", "b", "c", "d", "e")
		}},
	{"a_circle_crosses_the_antimeridian", "A circle reaches across the antimeridian.", func(s shelf) {
		s.shelvePlaces(property.Coordinates{Latitude: -17, Longitude: 179.95},
			property.Coordinates{Latitude: -17, Longitude: -179.95},
			property.Coordinates{Latitude: -17, Longitude: 180}, property.Coordinates{Latitude: -17, Longitude: -180},
			property.Coordinates{Latitude: -17, Longitude: 0})
		s.wantFound("near=-17,179.99&radius_km=20", "a", "b", "c", "d")
		s.wantFound("near=-17,-179.99&radius_km=7", "a", "b", "c", "d")
		s.wantFound("near=-17,-179.99&radius_km=4.3", "b", "c", "d")
		s.wantFound("near=-17,180&radius_km=1", "c", "d")
	}},
	{"a_circle_reaches_over_the_poles", "A circle around a location near a pole includes all longitudes there.",
		func(s shelf) {
			s.shelvePlaces(property.Coordinates{Latitude: 89.9, Longitude: 0},
				property.Coordinates{Latitude: 89.9, Longitude: 180},
				property.Coordinates{Latitude: 90, Longitude: -77}, property.Coordinates{Latitude: 88, Longitude: 90},
				property.Coordinates{Latitude: -90, Longitude: 12}, property.Coordinates{Latitude: -89.95, Longitude: -168})
			s.wantFound("near=89.9,0&radius_km=23", "a", "b", "c")
			s.wantFound("near=90,0&radius_km=12", "a", "b", "c")
			s.wantFound("near=-89.95,12&radius_km=12", "e", "f")
		}},
}
