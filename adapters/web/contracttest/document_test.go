package contracttest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/docs"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// document is the contract as it is served.
var document = sync.OnceValues(func() ([]byte, error) {
	text, err := os.ReadFile("../api/openapi.yaml")
	if err != nil {
		return nil, err
	}
	site, err := docs.New(text, "")
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	return w.Body.Bytes(), nil
})

var contract = sync.OnceValues(func() (*Contract, error) {
	text, err := document()
	if err != nil {
		return nil, err
	}
	return New(text)
})

func theContract(t *testing.T) *Contract {
	t.Helper()
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheContractIsAValidDocument(t *testing.T) { theContract(t) }

func TestADocumentWithFaultsIsRefused(t *testing.T) {
	if _, err := New([]byte("openapi: 3.1.0\ninfo:\n  title: Half a contract\npaths: {}\n")); err == nil {
		t.Error("a document without a version was accepted")
	}
}

func TestEveryExampleMatchesItsSchema(t *testing.T) {
	c := theContract(t)
	seen := 0
	for path, item := range c.model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			for media, where := range bodies(op) {
				seen += c.checkExamples(t, method+" "+path+" "+where, media)
			}
		}
	}
	if seen < 100 {
		t.Errorf("checked only %d examples", seen)
	}
}

// bodies returns all contents of an operation, in and out, with the place of each.
func bodies(op *v3.Operation) map[*v3.MediaType]string {
	all := map[*v3.MediaType]string{}
	add := func(where string, content *orderedmap.Map[string, *v3.MediaType]) {
		for name, media := range content.FromOldest() {
			all[media] = where + " " + name
		}
	}
	if op.RequestBody != nil {
		add("body", op.RequestBody.Content)
	}
	for status, response := range op.Responses.Codes.FromOldest() {
		add(status, response.Content)
	}
	return all
}

func (c *Contract) checkExamples(t *testing.T, where string, media *v3.MediaType) (seen int) {
	t.Helper()
	for name, example := range media.Examples.FromOldest() {
		var value any
		if err := example.Value.Decode(&value); err != nil {
			t.Errorf("%s: example %s: %v", where, name, err)
			continue
		}
		if ok, faults := c.schemas.ValidateSchemaObject(media.Schema.Schema(), value); !ok {
			t.Errorf("%s: example %s: %v", where, name, texts(faults))
		}
		seen++
	}
	return seen
}

func TestTheEventsOfTheExampleMatchTheContract(t *testing.T) {
	c := theContract(t)
	var stream string
	content := c.model.Paths.PathItems.GetOrZero("/v1/changes").Get.Responses.Codes.GetOrZero("200").Content
	if err := content.GetOrZero(eventStream).Examples.GetOrZero("events").Value.Decode(&stream); err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(stream), EventEnd) {
		if faults := c.eventFaults(block); len(faults) != 0 {
			t.Errorf("%s: %q", block, faults)
		}
	}
}

func TestProblemExamplesMatchTheListOfProblems(t *testing.T) {
	byURI := map[string]problem.Type{}
	for _, p := range problem.All() {
		byURI[p.URI()] = p
	}
	for name, example := range theContract(t).model.Components.Examples.FromOldest() {
		var d problem.Document
		var value struct {
			Type, Title string
			Status      int
		}
		if err := example.Value.Decode(&value); err != nil || value.Type == "" {
			continue // another kind of example
		}
		d.Type, d.Title, d.Status = value.Type, value.Title, value.Status
		if diff := cmp.Diff(byURI[value.Type].New(""), d); diff != "" {
			t.Errorf("%s (-listed +example):\n%s", name, diff)
		}
	}
}

func TestProblemExamplesSayWhatIsSent(t *testing.T) {
	_, malformed := propertyjson.Decode([]byte(`{"title":"3-bedroom house","price":221900`))
	_, wrongMembers := propertyjson.Decode([]byte(`{"bedroom":3,"title":7,"price":221900,"location":"Seattle"}`))
	details, _ := propertyjson.Decode([]byte(`{"title":"House","price":-1,"location":"Seattle","photos":["front.jpg"]}`))
	_, invalid := details.Checked()
	_, unknown := property.ParseSearch(map[string][]string{"min_prise": {"1"}})
	_, contradiction := property.ParseSearch(map[string][]string{"min_price": {"2"}, "max_price": {"1"}})
	for name, want := range map[string]problem.Document{
		"UnknownSearchParameter": problem.FromSearch(unknown),
		"Contradiction":          problem.FromSearch(contradiction),
		"Malformed":              problem.From(malformed),
		"WrongMembers":           problem.From(wrongMembers),
		"InvalidProperty":        problem.From(invalid),
		"InvalidId":              problem.From(property.ErrInvalidID),
		"InvalidCursor":          problem.From(property.ErrInvalidCursor),
		"InvalidToken":           problem.From(freshness.ErrInvalidToken),
		"InvalidChangesCursor":   problem.From(ports.ErrInvalidFeedCursor),
		"NotFound":               problem.From(property.ErrNotFound),
		"Conflict":               problem.From(property.ErrReferenceTaken),
		"Gone":                   problem.From(ports.ErrFeedCursorGone),
		"LostRace":               problem.From(property.ErrVersionConflict),
		"IdempotencyKeyReused":   problem.From(ports.ErrIdempotencyKeyReused),
		"Internal":               problem.From(errors.New("unknown")),
		"Unavailable":            problem.From(ports.ErrUnavailable),
		"NotCached":              problem.From(ports.ErrNotCached),
	} {
		got := problemExample(t, name)
		want.RequestID = got.RequestID
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-sent +example):\n%s", name, diff)
		}
	}
}

func problemExample(t *testing.T, name string) (d problem.Document) {
	t.Helper()
	var value any
	if err := theContract(t).model.Components.Examples.GetOrZero(name).Value.Decode(&value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheContractNamesEveryListedProblem(t *testing.T) {
	text, err := document()
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`/problems/[a-z]+(-[a-z]+)*`).FindAllString(string(text), -1)
	slices.Sort(named)
	var known []string
	for _, p := range problem.All() {
		known = append(known, p.URI())
	}
	slices.Sort(known)
	if diff := cmp.Diff(known, slices.Compact(named)); diff != "" {
		t.Errorf("problems (-listed +contract):\n%s", diff)
	}
}

func TestTheContractHasTheChoicesAndLimitsOfTheDomain(t *testing.T) {
	components := theContract(t).model.Components
	schema := func(name string) *base.Schema { return components.Schemas.GetOrZero(name).Schema() }
	parameter := func(name string) *base.Schema { return components.Parameters.GetOrZero(name).Schema.Schema() }
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"offers", choices[property.Offer](t, schema("Offer")), property.Offers()},
		{"kinds", choices[property.Kind](t, schema("Kind")), property.Kinds()},
		{"states", choices[property.Status](t, schema("Status")), property.Statuses()},
		{"sorts", choices[property.SortKey](t, parameter("Sort")), sorts()},
		{"title", *schema("Title").MaxLength, int64(property.MaxTitle)},
		{"reference", *schema("Reference").MaxLength, int64(property.MaxReference)},
		{"description", *schema("Description").MaxLength, int64(property.MaxDescription)},
		{"location", *schema("Location").MaxLength, int64(property.MaxLocation)},
		{"photos", *schema("Photos").MaxItems, int64(property.MaxPhotos)},
		{"bedrooms", *schema("Bedrooms").Maximum, float64(property.MaxBedrooms)},
		{"limit", *parameter("Limit").Maximum, float64(property.MaxLimit)},
		{"words", *parameter("Q").MaxLength, int64(property.MaxText)},
		{"radius", *parameter("Radius").Maximum, float64(property.MaxRadiusKM)},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-domain +contract):\n%s", c.name, diff)
		}
	}
}

func choices[T ~string](t *testing.T, s *base.Schema) (list []T) {
	t.Helper()
	for _, n := range s.Enum {
		list = append(list, T(n.Value))
	}
	return list
}

// sorts returns every key in both directions, as the contract lists them.
func sorts() (list []property.SortKey) {
	for _, k := range property.SortKeys() {
		list = append(list, "-"+k, k)
	}
	return list
}
