package property

import "math"

// DistanceKey is a whole number that grows with the distance between two places: the haversine of the angle between
// them, in units of 2^-60. Near the place two centimetres make a difference.
//
// Stores sort and page by this very number, so each has to compute it to the last bit. It takes nothing but
// additions, subtractions, multiplications and divisions, which IEEE 754 defines exactly, in the order written here:
// the sines of two libraries differ. The function gable_distance of triggers.sql has the same expression. Conversions
// to float64 forbid the compiler to fuse two operations into one.
func DistanceKey(from, at Coordinates) int64 {
	east := at.Longitude - from.Longitude
	switch {
	case east > 180:
		east -= 360
	case east < -180:
		east += 360
	}
	shrink := float64((1 - 2*haversine(from.Latitude)) * (1 - 2*haversine(at.Latitude)))
	return int64(math.Floor(float64(haversine(at.Latitude-from.Latitude)+float64(shrink*haversine(east))) * (1 << 60)))
}

// nearlyNothing is an angle in degrees, a tenth of a millimetre on the ground. A smaller one counts as 0, because the
// square of a very small number is 0, which Postgres refuses to compute.
const nearlyNothing = 1e-9

// haversine is (1 - cos x) / 2 of an angle from -180 to 180 degrees, by its series.
func haversine(degrees float64) float64 {
	if -nearlyNothing < degrees && degrees < nearlyNothing {
		return 0
	}
	x := degrees * (math.Pi / 180)
	s := float64(x * x)
	sum := 1.0
	for _, factor := range [...]float64{552, 462, 380, 306, 240, 182, 132, 90, 56, 30, 12} {
		sum = 1 - float64(s/factor*sum)
	}
	return float64(s / 4 * sum)
}
