package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/gable-listings/gable/app/apptest"
)

// Each case warms every level, writes, and reads again: the very next answer has to be true.
func TestAnAcknowledgedWriteIsSeenByTheNextReadOnEveryLevel(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		low := s.Create(`"title":"low","price":100,"kind":"house"`)
		s.Create(`"title":"mid","price":200,"kind":"house"`)
		high := s.Create(`"title":"high","price":300,"kind":"house"`)
		houses, cheap := "/v1/properties?kind=house&sort=price", "/v1/properties?max_price=250&sort=price"
		first := "/v1/properties?sort=price&limit=2"
		counted := "/v1/properties?kind=house&count=exact&limit=1"
		absent := "/v1/properties/" + apptest.NewID().String()
		empty := "/v1/properties?kind=land&sort=price"
		item := "/v1/properties/" + low.ID
		warm := func() {
			for range 2 {
				for _, path := range []string{houses, cheap, first, counted, empty, item, absent} {
					s.Get(path)
				}
			}
		}
		expect := func(step string, want map[string]string) {
			t.Helper()
			for path, titles := range want {
				if got := s.Titles(path); got != titles {
					t.Errorf("%s: %s shows %q, want %q", step, path, got, titles)
				}
			}
		}
		warm()
		expect("at first", map[string]string{houses: "low mid high", cheap: "low mid", first: "low mid", empty: ""})

		s.Patch(high.ID, `{"price":150}`)
		expect("a listing enters a filter and a page", map[string]string{
			houses: "low high mid", cheap: "low high mid", first: "low high"})
		warm()
		s.Patch(low.ID, `{"price":500.25}`)
		if got := apptest.Decoded[apptest.Listing](s.Get(item).Must(http.StatusOK)).Price; got != "500.25" {
			t.Errorf("the item shows the price %s", got)
		}
		expect("a listing leaves a filter and a page", map[string]string{
			houses: "high mid low", cheap: "high mid", first: "high mid"})
		warm()
		if n := s.Count(counted); n != 3 {
			t.Errorf("count is %d, want 3", n)
		}
		plot := s.Create(`"title":"plot","price":50,"kind":"land"`)
		expect("an empty page gets its first listing", map[string]string{empty: "plot", first: "plot high"})
		warm()
		s.Patch(plot.ID, `{"kind":"house"}`)
		expect("a row moves between two searches", map[string]string{empty: "", houses: "plot high mid low"})
		if n := s.Count(counted); n != 4 {
			t.Errorf("count is %d, want 4", n)
		}
		warm()
		s.Do(http.MethodDelete, item, "").Must(http.StatusNoContent)
		s.Get(item).Must(http.StatusNotFound)
		expect("a listing is removed", map[string]string{houses: "plot high mid"})
		if n := s.Count(counted); n != 3 {
			t.Errorf("count after the removal is %d, want 3", n)
		}
		warm()
		s.Patch(high.ID, `{"price":1}`)
		s.Patch(high.ID, `{"price":150}`)
		expect("a value is changed and changed back", map[string]string{houses: "plot high mid", first: "plot high"})
	})
}

func TestACachedAbsenceEndsWhenTheListingIsImported(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		search := "/v1/properties?q=lighthouse"
		for range 2 {
			if got := s.Titles(search); got != "" {
				t.Fatalf("found %q before the import", got)
			}
		}
		s.Do(http.MethodPost, "/v1/imports", "reference,title,price,location\nl-1,Lighthouse,5,Here\n",
			"Content-Type", "text/csv").Must(http.StatusOK)
		if got := s.Titles(search); got != "Lighthouse" {
			t.Errorf("after the import the search shows %q", got)
		}
	})
}

// A write around the program is seen as soon as the feed has been read, long before any time to live.
func TestHandWrittenSQLIsSeen(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"by hand","price":100`)
		item, list := "/v1/properties/"+p.ID, "/v1/properties?sort=price"
		warm := func() {
			for range 2 {
				s.Get(item)
				s.Get(list)
			}
		}
		warm()
		db := s.Raw()
		for _, step := range []struct{ statement, item, list string }{
			{"UPDATE properties SET price = 250", `"price":"250.00"`, `"price":"250.00"`},
			{"INSERT INTO properties (title, price, location) VALUES ('another', 1, 'There')", `"price":"250.00"`, `"another"`},
			{"DELETE FROM properties WHERE title = 'by hand'", "not-found", `"properties":[{`},
			{"DELETE FROM properties", "not-found", `"properties":[]`},
		} {
			warm()
			if _, err := db.ExecContext(t.Context(), step.statement); err != nil {
				t.Fatal(err)
			}
			s.Eventually(step.statement+" is seen", func() bool {
				return strings.Contains(s.Get(item).Body, step.item) && strings.Contains(s.Get(list).Body, step.list)
			})
		}
	})
}

// Readers hammer an item and a list while a writer raises the price. No reader may see less than what was acknowledged
// when the read began.
func TestNoReaderEverSeesLessThanWhatWasAcknowledged(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Server) {
		p := s.Create(`"title":"rising","price":1,"kind":"commercial"`)
		const writes = 60
		var acknowledged sync.Map // "price" to the newest acknowledged one
		acknowledged.Store("price", 1)
		done := make(chan struct{})
		var readers sync.WaitGroup
		for _, path := range []string{"/v1/properties/" + p.ID, "/v1/properties?kind=commercial",
			"/v1/properties?min_price=1&limit=1"} {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					floor, _ := acknowledged.Load("price")
					var price int
					body := s.Get(path).Must(http.StatusOK).Body
					_, after, _ := strings.Cut(body, `"price":"`)
					if _, err := fmt.Sscanf(after, "%d.00", &price); err != nil || price < floor.(int) {
						t.Errorf("%s shows the price %d (%v), but %d was acknowledged before", path, price, err, floor)
						return
					}
				}
			})
		}
		for n := 2; n <= writes; n++ {
			s.Patch(p.ID, fmt.Sprintf(`{"price":%d}`, n))
			acknowledged.Store("price", n)
		}
		close(done)
		readers.Wait()
	})
}
