package property_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/gable-listings/gable/domain/property"
)

var birth = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// search reads a query that must be right.
func search(t testing.TB, query string) *property.Search {
	t.Helper()
	s, err := parse(query)
	if err != nil {
		t.Fatalf("read %q: %v", query, err)
	}
	return &s
}

func parse(query string) (property.Search, error) {
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return property.Search{}, err
	}
	return property.ParseSearch(parameters)
}

// listing is a valid listing with the number as its id.
func listing(t testing.TB, n byte, edits ...func(*property.Details)) property.Property {
	t.Helper()
	details := property.Details{Title: "title", Location: "Seattle"}
	for _, edit := range edits {
		edit(&details)
	}
	p, err := property.New(property.ID{15: n}, details, birth)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
