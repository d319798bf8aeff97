package listinggen_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/listinggen"
	"github.com/gable-listings/gable/domain/property"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func generator(t testing.TB, seed uint64) *listinggen.Generator {
	t.Helper()
	g, err := listinggen.New(seed)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestSameSeedGivesTheSameListings(t *testing.T) {
	g := generator(t, 7)
	var out strings.Builder
	for range 40 {
		d := g.Next()
		at := d.Coordinates.Value
		fmt.Fprintf(&out, "%s | %s | %s | %s %s %s %s | %s %s | %d bed, %s bath, %s m², lot %s m², %d | %v, %v\n",
			d.Reference, d.Title,
			d.Location, d.Price, d.Currency, d.Offer, d.Status, d.Kind, d.Description, d.Bedrooms.Value,
			d.Bathrooms.Value.Short(), d.AreaM2.Value.Short(), d.LotM2.Value.Short(),
			d.YearBuilt.Value, at.Latitude, at.Longitude)
	}
	golden := filepath.Join("testdata", "seed7.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryListingKeepsTheRules(t *testing.T) {
	g := generator(t, 1)
	kinds, currencies := map[property.Kind]int{}, map[property.Currency]int{}
	for range 20_000 {
		d := g.Next()
		if _, err := d.Checked(); err != nil {
			t.Fatalf("%+v: %v", d, err)
		}
		if d.Price == 0 || d.AreaM2.Value == 0 {
			t.Fatalf("%+v costs nothing or has no area", d)
		}
		kinds[d.Kind]++
		currencies[d.Currency]++
	}
	if len(kinds) != len(property.Kinds()) || len(currencies) < 30 {
		t.Errorf("kinds %v, currencies %v", kinds, currencies)
	}
}

func TestOtherSeedsGiveOtherListings(t *testing.T) {
	one, other := generator(t, 1), generator(t, 2)
	same := 0
	for range 100 {
		if one.Next().Title == other.Next().Title {
			same++
		}
	}
	if same > 10 {
		t.Errorf("%d of 100 titles are the same", same)
	}
}

func BenchmarkNext(b *testing.B) {
	g := generator(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		g.Next()
	}
}
