package listingfile_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gable-listings/gable/adapters/listingfile"
)

// A bad row is a record with an error. Reading continues with the rows after it.
func ExampleReader() {
	const file = "title,location,price\n" +
		"Cabin by the lake,Seattle,325000\n" +
		"Loft,Tacoma,450.000\n" +
		"Row house,Kent,410000\n"
	reader, err := listingfile.NewReader(strings.NewReader(file), listingfile.Options{})
	if err != nil {
		panic(err) // the file cannot be read at all
	}
	fmt.Println("format:", reader.Format())
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			panic(err) // the rest of the file cannot be read
		}
		fmt.Println(record.Line, record.Details.Title, record.Details.Price, record.Err)
	}
	// Output:
	// format: csv
	// 2 Cabin by the lake 325000.00 <nil>
	// 3 Loft 0.00 invalid: price must be written as 450000 or as 450.00, not "450.000", which could be either
	// 4 Row house 410000.00 <nil>
}
