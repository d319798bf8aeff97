package property_test

import (
	"errors"
	"fmt"

	"github.com/gable-listings/gable/domain/property"
)

// Searches that mean the same have one canonical text, which serves as the key of a cached answer.
func ExampleParseSearch() {
	search, err := property.ParseSearch(map[string][]string{
		"sort":      {"price"},
		"max_price": {"450000.00"},
		"kind":      {"room,house"},
	})
	fmt.Println(search.String(), err)
	// Output:
	// kind=house,room&max_price=450000&sort=price <nil>
}

// An error names every parameter that is wrong.
func ExampleParseSearch_invalid() {
	_, err := property.ParseSearch(map[string][]string{
		"max_price": {"much"},
		"colour":    {"red"},
	})
	var invalid *property.InvalidError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			fmt.Println(f.Field, f.Reason)
		}
	}
	// Output:
	// max_price must be a decimal number such as 450000 or 2.25, with two digits after the point at most
	// colour is not a search parameter
}
