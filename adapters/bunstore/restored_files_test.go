package bunstore_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/eventbus"
	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/porttest"
)

// fileFormat is a format of exported files, plain or compressed.
type fileFormat struct {
	name       string
	format     listingfile.Format
	compressed bool
}

var fileFormats = []fileFormat{
	{"NDJSON", listingfile.NDJSON, false}, {"NDJSON with gzip", listingfile.NDJSON, true},
	{"CSV", listingfile.CSV, false}, {"CSV with gzip", listingfile.CSV, true},
}

// anyText draws a text that a file can hold. Reading CSV makes every line end within a cell \n, and a cell of white
// space alone empty.
func anyText(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.OneOf(
			rapid.StringN(0, most, most),
			rapid.StringOfN(rapid.SampledFrom([]rune("a\",;'=+-@\n\té香🏡\u200b\u00a0 \ufeff\\{}<&")), 0, most, most),
		).Draw(t, "text")
		text = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				return 'x'
			}
			return r
		}, strings.ToValidUTF8(text, "?"))
		if strings.TrimSpace(text) == "" {
			return ""
		}
		return text
	})
}

// anyListing draws any valid listing, in a state that it may have had in another database.
func anyListing(n int) *rapid.Generator[property.Property] {
	return rapid.Custom(func(t *rapid.T) property.Property {
		d := porttest.Details().Draw(t, "details")
		oneLine := strings.NewReplacer("\n", " ", "\t", " ")
		d.Title = oneLine.Replace("T" + anyText(100).Draw(t, "title"))
		d.Location = oneLine.Replace("L" + anyText(100).Draw(t, "location"))
		d.Description = anyText(200).Draw(t, "description")
		if rapid.Bool().Draw(t, "referenced") {
			d.Reference = oneLine.Replace(fmt.Sprint("R", n, anyText(20).Draw(t, "reference")))
		}
		if rapid.Bool().Draw(t, "located") {
			d.Coordinates = property.Some(property.Coordinates{
				Latitude:  rapid.Float64Range(-90, 90).Draw(t, "latitude") + 0,
				Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude") + 0,
			})
		}
		if rapid.Bool().Draw(t, "spaced") {
			d.Photos = []string{"https://x.example/a b.jpg", "http://x.example/?a=1&b=[2]"}
		}
		checked, err := d.Checked()
		if err != nil {
			t.Fatalf("the generator makes an invalid listing: %v", err)
		}
		var id property.ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 15, 15).Draw(t, "id"))
		id[15] = byte(n) // differs from those beside it
		return property.Property{
			ID: id, Details: checked, Version: rapid.Int64Range(1, property.MaxVersion).Draw(t, "version"),
			CreatedAt: anyTime(t, "created"), UpdatedAt: anyTime(t, "updated"),
		}
	})
}

func anyTime(t *rapid.T, label string) time.Time {
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	return time.UnixMicro(rapid.Int64Range(first.UnixMicro(), last.UnixMicro()).Draw(t, label)).UTC()
}

// house is a database with its use cases.
type house struct {
	db      *bunstore.DB
	catalog *catalog.Catalog
}

func houseOf(db *bunstore.DB) house {
	return house{db, catalog.New(db.Repository(), eventbus.New(func(string, any) {}), catalog.Options{
		NewID: func() property.ID { return property.ID{1} }, Now: time.Now, DefaultCurrency: "USD",
		History: db.History(), CatchUp: func(context.Context) error { return nil },
	})}
}

// clear removes all listings, and with their changes all memory of their versions.
func (h house) clear(t *testing.T) {
	byHand(t, h.db.Writer(), "DELETE FROM properties", "DELETE FROM property_changes")
}

func (h house) export(t *testing.T, f fileFormat) []byte {
	t.Helper()
	var out bytes.Buffer
	to, end := io.Writer(&out), func() error { return nil }
	if f.compressed {
		z := gzip.NewWriter(&out)
		to, end = z, z.Close
	}
	_, err := transfer.NewFiles(h.catalog, nil).Write(t.Context(), to, api.ExportRequest{
		Search: property.Search{Sort: property.ExportSort}, Format: string(f.format),
	}, func(int64) {})
	if err != nil || end() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (h house) restore(t *testing.T, file []byte) (catalog.RestoreReport, error) {
	t.Helper()
	return h.catalog.Restore(t.Context(), h.db.Repository(), catalog.Import{
		Open: func() (catalog.Source, error) {
			return listingfile.NewReader(bytes.NewReader(file), listingfile.Options{Restore: true})
		},
		MaxReasons: 10,
	})
}

func (h house) all(t *testing.T) (list []property.Property) {
	t.Helper()
	err := h.catalog.Export(t.Context(), property.Search{Sort: property.ExportSort}, func(p *property.Property) error {
		list = append(list, *p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// F27, D6, A5 and A6 of the review: an export is a way to move, with everything.
func TestAnyListingExportedAndRestoredIsEqualInEveryField(t *testing.T) {
	for _, way := range []struct{ from, to database }{{databases[0], databases[1]}, {databases[1], databases[0]}} {
		t.Run(way.from.name+" to "+way.to.name, func(t *testing.T) {
			from, to := houseOf(open(t, way.from.url(t))), houseOf(open(t, way.to.url(t)))
			rapid.Check(t, func(r *rapid.T) {
				var want []property.Property
				for n := range rapid.IntRange(1, 4).Draw(r, "count") {
					want = append(want, anyListing(n).Draw(r, "listing"))
				}
				from.clear(t)
				for i, result := range restored(t, from.db, want) {
					if result.Refused != nil || result.Change.Op != property.OpInsert {
						r.Fatalf("listing %d is refused: %+v", i, result)
					}
				}
				slices.SortFunc(want, func(a, b property.Property) int {
					return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), a.ID.Compare(b.ID))
				})
				wantEqual(r, "the source", from.all(t), want)
				for _, f := range fileFormats {
					to.clear(t)
					file := from.export(t, f)
					report, err := to.restore(t, file)
					if err != nil || report.Created != len(want) || report.Rejected+report.Renumbered > 0 {
						r.Fatalf("%s: %+v, %v", f.name, report, err)
					}
					wantEqual(r, f.name, to.all(t), want)
					if again := to.export(t, f); !bytes.Equal(again, file) {
						r.Fatalf("%s: the next export differs", f.name)
					}
				}
			})
		})
	}
}

func restored(t *testing.T, db *bunstore.DB, batch []property.Property) []ports.Restored {
	t.Helper()
	result, err := db.Repository().Restore(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func wantEqual(r *rapid.T, what string, got, want []property.Property) {
	if len(got) != len(want) {
		r.Fatalf("%s: %d listings are there, not %d", what, len(got), len(want))
	}
	for i := range got {
		g, w := &got[i], &want[i]
		if g.ID != w.ID || !g.Details.Equal(w.Details) || g.Version != w.Version || !g.CreatedAt.Equal(w.CreatedAt) ||
			!g.UpdatedAt.Equal(w.UpdatedAt) {
			r.Fatalf("%s: a listing is\n%+v\nnot\n%+v", what, g, w)
		}
	}
}
