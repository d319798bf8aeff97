// Package contracttest checks requests and answers against the HTTP contract. Only tests import it.
//
// It checks one exchange at a time and never sends a request of its own. It cannot judge whether an answer is true,
// only whether the contract allows it.
package contracttest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/router"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/gable-listings/gable/adapters/web/problem"
)

// Contract checks exchanges against an OpenAPI document. It is safe for concurrent use.
type Contract struct {
	whole    validator.Validator
	bodiless validator.Validator // for answers whose body is absent or encoded
	routes   router.Router
	schemas  schema_validation.SchemaValidator
	model    *v3.Document
}

// New reads an OpenAPI 3.1 document. It takes some tens of milliseconds, so make one Contract for all tests of a
// package.
func New(document []byte) (*Contract, error) {
	parsed, err := libopenapi.NewDocument(document)
	if err != nil {
		return nil, err
	}
	built, err := parsed.BuildV3Model()
	if err != nil {
		return nil, err
	}
	formats := config.WithFormatAssertions()
	whole := validator.NewValidatorFromV3Model(&built.Model, formats)
	whole.SetDocument(parsed)
	if ok, faults := whole.ValidateDocument(); !ok {
		return nil, fmt.Errorf("invalid OpenAPI document: %v", faults)
	}
	return &Contract{
		whole:    whole,
		bodiless: validator.NewValidatorFromV3Model(&built.Model, formats, config.WithoutResponseBodyValidation()),
		routes:   router.NewRouter(&built.Model, router.WithPathOnlyMatching()),
		schemas:  schema_validation.NewSchemaValidator(formats),
		model:    &built.Model,
	}, nil
}

// Check fails the test for each way in which an exchange breaks the contract:
//   - the route does not list the answer, or the answer lacks a header, or its body has another shape;
//   - the contract forbids the request, and the answer is a success;
//   - the contract lacks the route or method, and the answer is not a 404 or 405 problem.
//
// HEAD counts as GET without a body, and every route has OPTIONS. Compressed bodies and JSON lines are not checked.
// Both bodies must be unread; they can be read again afterwards. A stream of events is checked event by event, as it
// is read.
func (c *Contract) Check(t testing.TB, req *http.Request, res *http.Response) {
	t.Helper()
	report := func(faults []string) {
		t.Helper()
		for _, fault := range faults {
			t.Errorf("%s %s, answered %d: %s", req.Method, req.URL, res.StatusCode, fault)
		}
	}
	report(c.faults(req, res))
	if isStream(res) {
		res.Body = &checkedEvents{ReadCloser: res.Body, check: func(block string) { report(c.eventFaults(block)) }}
	}
}

// Transport returns a transport that checks every exchange of the next one.
func (c *Contract) Transport(t testing.TB, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		sent, err := drain(&req.Body)
		if err != nil {
			return nil, err
		}
		res, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		clone := req.Clone(req.Context())
		clone.Body = io.NopCloser(bytes.NewReader(sent))
		c.Check(t, clone, res)
		return res, nil
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (c *Contract) faults(req *http.Request, res *http.Response) []string {
	sent, err := drain(&req.Body)
	if err != nil {
		return []string{err.Error()}
	}
	if isStream(res) {
		head := *res // the body has no end
		head.Body = http.NoBody
		res = &head
	}
	received, err := drain(&res.Body)
	if err != nil {
		return []string{err.Error()}
	}
	defer func() {
		req.Body, res.Body = io.NopCloser(bytes.NewReader(sent)), io.NopCloser(bytes.NewReader(received))
	}()
	clone := req.Clone(req.Context())
	clone.Body = io.NopCloser(bytes.NewReader(sent))
	if req.Method == http.MethodHead {
		clone.Method = http.MethodGet
	}
	route, err := c.routes.FindRoute(clone)
	if req.Method == http.MethodOptions {
		return optionsFaults(res)
	}
	if err != nil || route == nil || res.StatusCode == http.StatusMethodNotAllowed {
		return c.unroutedFaults(req, res, received)
	}
	return c.routedFaults(req, clone, res)
}

func (c *Contract) routedFaults(req, clone *http.Request, res *http.Response) []string {
	validator := c.whole
	const lines = "application/x-ndjson" // many JSON values, which the validator rejects
	ndjson := res.Header.Get("Content-Type") == lines
	if req.Method == http.MethodHead || res.Header.Get("Content-Encoding") != "" || ndjson || isStream(res) {
		validator = c.bodiless
	}
	_, faults := validator.ValidateHttpResponse(clone, res)
	if res.StatusCode < http.StatusBadRequest && req.Header.Get("Content-Type") != lines {
		_, more := validator.ValidateHttpRequestSync(clone)
		faults = append(faults, more...)
	}
	return texts(faults)
}

func optionsFaults(res *http.Response) []string {
	if res.StatusCode != http.StatusNoContent || res.Header.Get("Allow") == "" {
		return []string{"an answer to OPTIONS must be 204 with Allow"}
	}
	return nil
}

// unroutedFaults checks the router's own answer to a route or method that the contract lacks.
func (c *Contract) unroutedFaults(req *http.Request, res *http.Response, body []byte) []string {
	switch res.StatusCode {
	case http.StatusNotFound:
	case http.StatusMethodNotAllowed:
		if res.Header.Get("Allow") == "" {
			return []string{"a 405 must have Allow"}
		}
	default:
		return []string{"the contract has no such route"}
	}
	if got := res.Header.Get("Content-Type"); got != problem.ContentType {
		return []string{"an error must be a problem document, not " + got}
	}
	if req.Method == http.MethodHead {
		return nil
	}
	_, faults := c.schemas.ValidateSchemaBytes(c.model.Components.Schemas.GetOrZero("Problem").Schema(), body)
	return texts(faults)
}

func texts(faults []*errors.ValidationError) []string {
	var list []string
	for _, f := range faults {
		list = append(list, f.Error())
	}
	return list
}

// drain reads a body to its end and replaces it with an equal one.
func drain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(*body)
	_ = (*body).Close()
	*body = io.NopCloser(bytes.NewReader(data))
	return data, err
}
