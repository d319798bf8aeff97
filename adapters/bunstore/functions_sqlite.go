package bunstore

import (
	"database/sql/driver"

	"modernc.org/sqlite"

	"github.com/gable-listings/gable/domain/property"
)

// The functions that searches call are in triggers.sql of Postgres. SQLite calls the program's own, in queries alone:
// with one of them in the schema no other program could write the file.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("gable_fold", 1, sqliteFold)
	sqlite.MustRegisterDeterministicScalarFunction("gable_distance", 4, sqliteDistance)
}

// sqlNull is NULL.
var sqlNull driver.Value

// sqliteFold is property.Fold of a text, and NULL of anything else.
func sqliteFold(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	if text, ok := args[0].(string); ok {
		return property.Fold(text), nil
	}
	return sqlNull, nil
}

// sqliteDistance is property.DistanceKey of a place and another one, each as latitude and longitude, and NULL where one
// is absent.
func sqliteDistance(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	var degrees [4]float64
	for i, arg := range args {
		number, ok := arg.(float64)
		if !ok {
			return sqlNull, nil
		}
		degrees[i] = number
	}
	at := property.Coordinates{Latitude: degrees[0], Longitude: degrees[1]}
	from := property.Coordinates{Latitude: degrees[2], Longitude: degrees[3]}
	return property.DistanceKey(from, at), nil
}
