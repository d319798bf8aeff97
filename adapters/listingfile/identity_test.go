package listingfile_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
)

// The reference of a rejected row says which listing the file has after all.
func TestARejectedRowHasItsReferenceWhereItCanBeRead(t *testing.T) {
	refusing, err := writeMapping(t, `
refuse: [{value: {column: kind}, is: [castle], because: is too large}]
values: {id: {column: code, prefix: "x-"}, strange: {column: colour, table: {red: r}}}
fields: {reference: {column: id}, title: {column: kind}, price: 1, location: L}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		o    listingfile.Options
		want string
	}{
		"a wrong price": {"reference,title,price,location\nr-1,T,many,L\n", listingfile.Options{}, "r-1"},
		"a cell more":   {"reference,title,price,location\nr-1,T,1,L,\"more\"\n", listingfile.Options{}, "r-1"},
		"a cell less":   {"title,price,location,reference\nT,1,r-1\n", listingfile.Options{}, ""},
		"NDJSON":        {`{"reference":"r-1","title":"T","price":"450.000","location":"L"}`, listingfile.Options{}, "r-1"},
		"NDJSON with an unknown member": {`{"reference":"r-1","title":"T","price":1,"location":"L","colour":"red"}`,
			listingfile.Options{}, "r-1"},
		"text that is not JSON": {`{"reference":"r-1","title":`, listingfile.Options{Format: listingfile.NDJSON}, ""},
		"refused by a mapping":  {"code,kind,colour\n1,castle,red\n", listingfile.Options{Mapping: refusing}, "x-1"},
	} {
		r, err := listingfile.NewReader(strings.NewReader(c.text), c.o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		record, err := r.Next()
		if err != nil || record.Err == nil || record.Details.Reference != c.want {
			t.Errorf("%s: the reference is %q, rejected with %v; %v", name, record.Details.Reference, record.Err, err)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
