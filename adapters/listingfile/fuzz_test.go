package listingfile_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/domain/property"
)

func FuzzReader(f *testing.F) {
	f.Add([]byte("title,price,location\nA,1,L\n\"B\n\",2,L\n"), "")
	f.Add([]byte("\xef\xbb\xbftitle;price;location;photos\r\nA;1;L;http://x/\r\n"), "csv")
	f.Add([]byte(`{"title":"A","price":1,"location":"L"}`), "ndjson")
	f.Add([]byte(`{"value":[{"ListPrice":1,"City":"X","Media":[{"MediaURL":"http://x/"}]}],"n":[{}]}`), "reso")
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), "")
	f.Fuzz(func(t *testing.T, file []byte, format string) {
		r, err := listingfile.NewReader(bytes.NewReader(file), listingfile.Options{Format: listingfile.Format(format)})
		if err != nil {
			return
		}
		rejects := listingfile.NewRejects(io.Discard, r)
		line := 0
		for {
			record, err := r.Next()
			var broken *listingfile.FileError
			if errors.Is(err, io.EOF) || errors.As(err, &broken) {
				return
			}
			var invalid *property.InvalidError
			if err != nil || record.Err != nil && !errors.As(record.Err, &invalid) {
				t.Fatalf("%v, %v", err, record.Err)
			}
			if record.Line < line || record.Line < 1 {
				t.Fatalf("line %d comes after line %d", record.Line, line)
			}
			line = record.Line
			if len(record.Raw) > listingfile.MaxRow {
				t.Fatalf("a row has %d bytes", len(record.Raw))
			}
			if err := rejects.Add(record, "reason"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkKingCounty(b *testing.B) {
	mapping := builtin(b, "king-county")
	header := "id,date,price,bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade,sqft_above," +
		"sqft_basement,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15\n"
	row := "\"6414100192\",\"20141209T000000\",538000,3,2.25,2570,7242," +
		"\"2\",0,0,3,7,2170,400,1951,1991,\"98125\",47.721,-122.319,1690,7639\n"
	file := []byte(header + string(bytes.Repeat([]byte(row), 1000)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readAll(b, bytes.NewReader(file), listingfile.Options{Mapping: mapping}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
