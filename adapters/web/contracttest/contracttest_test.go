package contracttest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	id     = "0190a5c2-7f3e-7c41-9d5b-2f6a8c1e4b70"
	page   = `{"properties":[{"id":"` + id + `","price":"180000.00"}],"next":null}`
	noSuch = `{"type":"/problems/not-found","title":"Not found","status":404}`
)

// exchange is a request and its answer; headers of the answer are "Name: value".
type exchange struct {
	method, path, sent string
	status             int
	headers            []string
	received           string
}

func (e exchange) faults(t *testing.T) []string {
	t.Helper()
	req := httptest.NewRequest(e.method, e.path, strings.NewReader(e.sent))
	req.Header.Set("Authorization", "Bearer gable_x")
	if e.sent != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res := &http.Response{StatusCode: e.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(e.received))}
	for _, h := range append(e.headers, "X-Request-Id: 1") {
		name, value, _ := strings.Cut(h, ": ")
		res.Header.Set(name, value)
	}
	return theContract(t).faults(req, res)
}

var (
	jsonPage = []string{"Content-Type: application/json", `ETag: "b81d0c6f"`, "Cache-Control: no-cache"}
	trouble  = []string{"Content-Type: application/problem+json", "Cache-Control: no-store"}
)

func TestWhatTheContractPromisesHasNoFaults(t *testing.T) {
	for name, e := range map[string]exchange{
		"a page": {"GET", "/v1/properties?kind=house,room&bbox=-122.4,47.4,-122.2,47.7&limit=2", "", 200,
			jsonPage, page},
		"the old address": {"GET", "/properties/?sort=price", "", 200, jsonPage, page},
		"only headers":    {"HEAD", "/v1/properties", "", 200, jsonPage, ""},
		"compressed": {"GET", "/v1/properties", "", 200, append([]string{"Content-Encoding: br"}, jsonPage...),
			"\x01\x02"},
		"not modified": {"GET", "/v1/properties/" + id, "", 304,
			[]string{`ETag: "3-9f2c-gzip"`, "Cache-Control: no-cache"}, ""},
		"a refused search": {"GET", "/v1/properties?limit=9999", "", 400, trouble, strings.ReplaceAll(noSuch, "404", "400")},
		"nothing there":    {"GET", "/v1/properties/" + id, "", 404, trouble, noSuch},
		"no such route":    {"GET", "/v2/properties", "", 404, trouble, noSuch},
		"no such method": {"PUT", "/v1/exports", "", 405, append([]string{"Allow: GET"}, trouble...),
			strings.ReplaceAll(noSuch, "404", "405")},
		"options":            {"OPTIONS", "/v1/changes", "", 204, []string{"Allow: GET, HEAD, OPTIONS"}, ""},
		"a stream of events": {"GET", "/v1/changes?after=now", "", 200, []string{"Content-Type: text/event-stream"}, ""},
		"an old answer": {"GET", "/v1/properties", "", 200,
			append(jsonPage[:3:3], "Age: 12", "Cache-Status: gable-view; hit; detail=stale"), page},
		"a token":        {"DELETE", "/v1/properties/" + id, "", 204, []string{"Consistency-Token: YWZm-_"}, ""},
		"nothing cached": {"GET", "/v1/properties", "", 504, trouble, strings.ReplaceAll(noSuch, "404", "504")},
	} {
		for _, fault := range e.faults(t) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestWhatTheContractDoesNotPromiseIsAFault(t *testing.T) {
	for name, e := range map[string]exchange{
		"a price as a number": {"GET", "/v1/properties", "", 200, jsonPage,
			strings.ReplaceAll(page, `"180000.00"`, "180000")},
		"an unknown member": {"GET", "/v1/properties", "", 200, jsonPage, strings.ReplaceAll(page, "price", "prise")},
		"no next":           {"GET", "/v1/properties", "", 200, jsonPage, `{"properties":[]}`},
		"half a listing":    {"GET", "/v1/properties/" + id, "", 200, jsonPage, `{"id":"` + id + `"}`},
		"no validator": {"GET", "/v1/properties", "", 200,
			[]string{"Content-Type: application/json", "Cache-Control: no-cache"}, page},
		"a weak validator": {"GET", "/v1/properties", "", 200,
			append(jsonPage[:1:1], `ETag: W/"1"`, "Cache-Control: no-cache"), page},
		"an unpromised status":      {"GET", "/v1/properties", "", 418, trouble, noSuch},
		"an error in plain text":    {"GET", "/v1/properties/" + id, "", 404, []string{"Content-Type: text/plain"}, "no"},
		"a lenient search":          {"GET", "/v1/properties?limit=9999", "", 200, jsonPage, page},
		"a lenient create":          {"POST", "/v1/properties", `{"title":""}`, 201, jsonPage, page},
		"an unknown route that is":  {"GET", "/v2/properties", "", 200, jsonPage, page},
		"a 405 that doesn't allow":  {"PUT", "/v1/exports", "", 405, trouble, strings.ReplaceAll(noSuch, "404", "405")},
		"a 404 of the router alone": {"GET", "/v2", "", 404, []string{"Content-Type: text/plain"}, "404 page not found"},
		"options without allow":     {"OPTIONS", "/v1/changes", "", 204, nil, ""},
		"a token that says nothing": {"DELETE", "/v1/properties/" + id, "", 204, []string{"Consistency-Token: *"}, ""},
		"no age":                    {"GET", "/v1/properties", "", 200, append(jsonPage[:3:3], "Age: 0"), page},
	} {
		if len(e.faults(t)) == 0 {
			t.Errorf("%s: found no fault", name)
		}
	}
}

func TestAnEventCarriesAChangeUnderItsNameOrIsAHeartbeat(t *testing.T) {
	const change = `{"op":"reset","id":null,"version":null,"changed_at":"2026-03-15T18:40:00Z","property":null}`
	for name, e := range map[string]struct {
		block string
		good  bool
	}{
		"a change":               {"id: 1\nevent: reset\ndata: " + change, true},
		"a heartbeat":            {": still here\nid: 1", true},
		"a change without an id": {"event: reset\ndata: " + change, false},
		"another name":           {"id: 1\nevent: delete\ndata: " + change, false},
		"a name and no change":   {"id: 1\nevent: reset", false},
		"half a change":          {`id: 1` + "\nevent: reset\n" + `data: {"op":"reset"}`, false},
		"another field":          {"id: 1\nretry: 5", false},
	} {
		if faults := theContract(t).eventFaults(e.block); (len(faults) == 0) != e.good {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

func TestTheTransportChecksEventsAsTheyAreRead(t *testing.T) {
	more := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Request-Id", "1")
		_, _ = io.WriteString(w, "id: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-more
		_, _ = io.WriteString(w, "data: 2\n\n")
	}))
	defer server.Close()
	counting := &countingTest{TB: t}
	client := http.Client{Transport: theContract(t).Transport(counting, http.DefaultTransport)}
	res, err := client.Get(server.URL + "/v1/changes")
	if err != nil {
		t.Fatal(err)
	}
	if counting.faults != 0 {
		t.Errorf("%d faults in a heartbeat", counting.faults)
	}
	close(more)
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "id: 1\n\ndata: 2\n\n" || counting.faults != 1 {
		t.Errorf("read %q, %v, with %d faults", body, err, counting.faults)
	}
}

// countingTest counts the faults instead of failing the test.
type countingTest struct {
	testing.TB
	faults int
}

func (h *countingTest) Errorf(string, ...any) { h.faults++ }

func TestTheTransportLeavesTheAnswerReadable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"b81d0c6f"`)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Request-Id", "1")
		_, _ = io.WriteString(w, page)
	}))
	defer server.Close()
	client := http.Client{Transport: theContract(t).Transport(t, http.DefaultTransport)}
	res, err := client.Get(server.URL + "/v1/properties")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != page {
		t.Errorf("read %s, %v", body, err)
	}
}
