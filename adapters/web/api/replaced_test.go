package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// replacing are the routes over so many listings, in the shape of the replaced service.
func replacing(t *testing.T, count int) func(path string) (int, string) {
	t.Helper()
	return replacingLong(t, count, "a\nb")
}

// replacingLong is replacing with this description of each listing.
func replacingLong(t *testing.T, count int, description string) func(path string) (int, string) {
	t.Helper()
	repo := memory.NewPropertyRepository(time.Now)
	for i := range count {
		at := time.Date(2019, 1, 2, 3, 4, 5, (count-i)*1000, time.UTC) // the last is the oldest
		p, err := property.New(property.ID{0: byte(i >> 8), 1: byte(i)}, property.Details{
			Reference: fmt.Sprint("django-", i+1), Title: "T\"", Description: description, Price: 450_000_50, Location: "Nairobi",
		}, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := repo.Create(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	router := mux.NewRouter()
	api.New(api.Options{Catalog: onlySearch{repo}, ReplacedShape: true}).Register(router)
	return func(path string) (int, string) {
		w := httptest.NewRecorder()
		router.ServeHTTP(exchange.New(w, "an id"), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
}

// onlySearch is the use case that these routes need.
type onlySearch struct{ ports.PropertyRepository }

func (o onlySearch) Get(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	return o.Find(ctx, id)
}

func (onlySearch) Create(context.Context, property.Details, *ports.IdempotencyKey) (property.Change, error) {
	return property.Change{}, ports.ErrUnavailable
}

func (onlySearch) Update(
	context.Context, property.ID, func(*property.Property) bool, func(property.Details) (property.Details, error),
) (property.Change, error) {
	return property.Change{}, ports.ErrUnavailable
}

func (onlySearch) Delete(context.Context, property.ID, func(*property.Property) bool) (property.Change, error) {
	return property.Change{}, ports.ErrUnavailable
}

// Newcomers 21: old clients of GET /properties/ find all listings, with numeric ids and six members.
func TestTheOldAddressesAnswerInTheOldShape(t *testing.T) {
	get := replacing(t, 2)
	item := func(id int, at string) string {
		return fmt.Sprintf(`{"id":%d,"title":"T\"","description":"a\nb","price":"450000.50","location":"Nairobi",`+
			`"created_at":%q}`, id, at)
	}
	whole := `{"properties":[` + item(2, "2019-01-02T03:04:05.000Z") + "," + item(1, "2019-01-02T03:04:05.000Z") + "]}\n"
	for path, want := range map[string]string{
		"/properties": whole, "/properties/": whole, "/properties/?format=json": whole, "/properties/?page=1": whole,
		"/properties/?page=2": `{"properties":[]}` + "\n", "/properties/?page=100": `{"properties":[]}` + "\n",
	} {
		if code, body := get(path); code != http.StatusOK || body != want {
			t.Errorf("GET %s: %d\n%s", path, code, body)
		}
	}
	for path, want := range map[string]string{
		"/properties/?page=0": "from 1 to 100", "/properties/?page=101": "from 1 to 100",
		"/properties/?page=x": "from 1 to 100",
		"/properties/?page=":  "must not be empty", "/properties/?format=api": "must be json",
		"/properties/?kind=house": "/v1/properties has filters", "/properties/1/?page=1": "page",
	} {
		if code, body := get(path); code != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("GET %s: %d\n%s", path, code, body)
		}
	}
}

func TestTheOldListIsBoundedInBytes(t *testing.T) {
	get := replacingLong(t, 300, strings.Repeat("漢𠀀", property.MaxDescription/2)) // about 70 kB each
	if code, body := get("/properties/"); code != http.StatusBadRequest || !strings.Contains(body, "16 MiB") {
		t.Errorf("the whole list: %d, %d bytes", code, len(body))
	}
	for page, want := range map[int]int{1: 100, 3: 100, 4: 0} {
		code, body := get(fmt.Sprintf("/properties/?page=%d", page))
		if n := strings.Count(body, `"title"`); code != http.StatusOK || n != want {
			t.Errorf("page %d: %d, %d listings, want %d", page, code, n, want)
		}
	}
}

func TestAListingIsFoundByItsOldNumber(t *testing.T) {
	get := replacing(t, 12)
	for path, want := range map[string]string{
		"/properties/12/": `{"id":12,`, "/properties/1": `{"id":1,`, "/properties/007/": `{"id":7,`,
	} {
		if code, body := get(path); code != http.StatusOK || !strings.HasPrefix(body, want) {
			t.Errorf("GET %s: %d\n%s", path, code, body)
		}
	}
	for _, path := range []string{"/properties/13/", "/properties/0/", "/properties/" + strings.Repeat("9", 60)} {
		if code, body := get(path); code != http.StatusNotFound {
			t.Errorf("GET %s: %d\n%s", path, code, body)
		}
	}
}

func TestALongListAsksForPages(t *testing.T) {
	get := replacing(t, 10_001)
	code, body := get("/properties/")
	if code != http.StatusBadRequest || !strings.Contains(body, "more than 10000 listings") {
		t.Errorf("%d\n%s", code, body)
	}
	seen := map[string]bool{}
	for _, page := range []int{1, 100} {
		code, body := get(fmt.Sprint("/properties/?page=", page))
		ids := strings.Split(body, `{"id":`)[1:]
		for _, id := range ids {
			seen[strings.SplitN(id, ",", 2)[0]] = true
		}
		if code != http.StatusOK || len(ids) != 100 {
			t.Errorf("page %d: %d with %d listings", page, code, len(ids))
		}
	}
	if len(seen) != 200 {
		t.Errorf("two pages have %d listings", len(seen))
	}
}
