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
	if e.sent != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer gable_x")
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
		"a page":           {"GET", "/v1/properties?kind=house,room&bbox=-122.4,47.4,-122.2,47.7&limit=2", "", 200, jsonPage, page},
		"the old address":  {"GET", "/properties/?sort=price", "", 200, jsonPage, page},
		"only headers":     {"HEAD", "/v1/properties", "", 200, jsonPage, ""},
		"compressed":       {"GET", "/v1/properties", "", 200, append([]string{"Content-Encoding: br"}, jsonPage...), "\x01\x02"},
		"not modified":     {"GET", "/v1/properties/" + id, "", 304, []string{`ETag: "3-9f2c-gzip"`, "Cache-Control: no-cache"}, ""},
		"a refused search": {"GET", "/v1/properties?limit=9999", "", 400, trouble, strings.ReplaceAll(noSuch, "404", "400")},
		"nothing there":    {"GET", "/v1/properties/" + id, "", 404, trouble, noSuch},
		"no such route":    {"GET", "/v2/properties", "", 404, trouble, noSuch},
		"no such method": {"PUT", "/v1/exports", "", 405, append([]string{"Allow: GET"}, trouble...),
			strings.ReplaceAll(noSuch, "404", "405")},
		"options": {"OPTIONS", "/v1/changes", "", 204, []string{"Allow: GET, HEAD, OPTIONS"}, ""},
	} {
		for _, fault := range e.faults(t) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestWhatTheContractDoesNotPromiseIsAFault(t *testing.T) {
	for name, e := range map[string]exchange{
		"a price as a number":       {"GET", "/v1/properties", "", 200, jsonPage, strings.ReplaceAll(page, `"180000.00"`, "180000")},
		"an unknown member":         {"GET", "/v1/properties", "", 200, jsonPage, strings.ReplaceAll(page, "price", "prise")},
		"no next":                   {"GET", "/v1/properties", "", 200, jsonPage, `{"properties":[]}`},
		"half a listing":            {"GET", "/v1/properties/" + id, "", 200, jsonPage, `{"id":"` + id + `"}`},
		"no validator":              {"GET", "/v1/properties", "", 200, []string{"Content-Type: application/json", "Cache-Control: no-cache"}, page},
		"a weak validator":          {"GET", "/v1/properties", "", 200, append(jsonPage[:1:1], `ETag: W/"1"`, "Cache-Control: no-cache"), page},
		"an unpromised status":      {"GET", "/v1/properties", "", 418, trouble, noSuch},
		"an error in plain text":    {"GET", "/v1/properties/" + id, "", 404, []string{"Content-Type: text/plain"}, "no"},
		"a lenient search":          {"GET", "/v1/properties?limit=9999", "", 200, jsonPage, page},
		"a lenient create":          {"POST", "/v1/properties", `{"title":""}`, 201, jsonPage, page},
		"an unknown route that is":  {"GET", "/v2/properties", "", 200, jsonPage, page},
		"a 405 that doesn't allow":  {"PUT", "/v1/exports", "", 405, trouble, strings.ReplaceAll(noSuch, "404", "405")},
		"a 404 of the router alone": {"GET", "/v2", "", 404, []string{"Content-Type: text/plain"}, "404 page not found"},
		"options without allow":     {"OPTIONS", "/v1/changes", "", 204, nil, ""},
	} {
		if len(e.faults(t)) == 0 {
			t.Errorf("%s: no fault was found", name)
		}
	}
}

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
