package listingfile_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/configs"
	"github.com/gable-listings/gable/domain/property"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// readAll reads a whole file and checks its records as an importer does.
func readAll(t testing.TB, from io.Reader, o listingfile.Options) ([]property.Record, error) {
	t.Helper()
	r, err := listingfile.NewReader(from, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all []property.Record
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if record.Err == nil {
			record.Details, record.Err = record.Details.Checked()
		}
		all = append(all, record)
	}
}

func builtin(t testing.TB, name string) *listingfile.Mapping {
	t.Helper()
	m, err := listingfile.BuiltinMapping(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// show formats records for people to compare.
func show(records []property.Record) string {
	var out strings.Builder
	for _, r := range records {
		fmt.Fprintf(&out, "line %d: ", r.Line)
		if r.Err != nil {
			fmt.Fprintf(&out, "%v\n\n", r.Err)
			continue
		}
		text := string(propertyjson.Append(nil, &property.Property{Details: r.Details}))
		text, _, _ = strings.Cut(strings.Replace(text, `"id":"00000000-0000-0000-0000-000000000000",`, "", 1), `,"version":`)
		fmt.Fprintf(&out, "%s\n\n", strings.ReplaceAll(text, `,"`, ",\n\t\""))
	}
	return out.String()
}

func TestRealFilesReadAsIntended(t *testing.T) {
	for name, mapping := range map[string]string{"king-county": "king-county", "hong-kong": "hong-kong", "reso": ""} {
		t.Run(name, func(t *testing.T) {
			var o listingfile.Options
			file, err := os.Open(filepath.Join("testdata", name+".csv"))
			if name == "reso" {
				file, err = os.Open(filepath.Join("testdata", "reso.json"))
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			if mapping != "" {
				o.Mapping = builtin(t, mapping)
			}
			records, err := readAll(t, file, o)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name+".golden", show(records))
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryShippedSampleRowIsGood(t *testing.T) {
	for file, want := range map[string]int{"king-county.csv.gz": 3987, "hong-kong.csv.gz": 325, "reso.json": 1} {
		f, err := configs.Samples.Open("samples/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var o listingfile.Options
		if name, _, ok := strings.Cut(file, ".csv"); ok {
			o.Mapping = builtin(t, name)
		}
		records, err := readAll(t, f, o)
		if err != nil || len(records) != want {
			t.Errorf("%s: %d rows, %v", file, len(records), err)
		}
		for _, r := range records {
			if r.Err != nil {
				t.Errorf("%s, line %d: %v", file, r.Line, r.Err)
			}
		}
	}
}

func TestShippedSamplesAreSmall(t *testing.T) {
	total := int64(0)
	for _, name := range []string{"king-county.csv.gz", "hong-kong.csv.gz", "reso.json", "places.csv.gz", "SOURCES.md"} {
		f, err := configs.Samples.Open("samples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 500_000 {
		t.Errorf("the samples make the binary %d bytes larger", total)
	}
}
