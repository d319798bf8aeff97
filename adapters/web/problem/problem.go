// Package problem reports errors to HTTP clients. It contains the catalog of problem types, the document that carries a
// problem (RFC 9457), and the single place where errors of the inner packages get a status.
//
// It never logs, and never shows the text of an unknown error.
package problem

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gable-listings/gable/adapters/web/exchange"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// Document is one problem, as a client sees it.
type Document struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"`
	RequestID string  `json:"request_id,omitempty"`
	Errors    []Error `json:"errors,omitempty"`
}

// Error is one thing that is wrong. Pointer is its place in the body (RFC 6901), Parameter the name of a parameter or
// header. Both are empty when the body as a whole is wrong.
type Error struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	// Detail completes a sentence that begins with the member or parameter: "must be a UUID".
	Detail string `json:"detail"`
}

// Write answers the request with the document, whose type gets the base path of the exchange. Its RequestID, unless
// set, is the X-Request-Id that the answer already carries. A 401 gets WWW-Authenticate and a 503 gets Retry-After,
// unless they are set. Write removes headers that belong to a successful answer, and sends no body to HEAD.
func Write(w http.ResponseWriter, r *http.Request, d Document) {
	h := w.Header()
	d.Type = exchange.BaseOf(w) + d.Type
	if d.RequestID == "" {
		d.RequestID = h.Get("X-Request-Id")
	}
	body := d.encode()
	for _, name := range []string{"ETag", "Last-Modified", "Content-Encoding", "Link"} {
		h.Del(name)
	}
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	switch d.Status {
	case http.StatusUnauthorized:
		setDefault(h, "WWW-Authenticate", `Bearer realm="gable"`)
	case http.StatusServiceUnavailable:
		setDefault(h, "Retry-After", "1")
	}
	w.WriteHeader(d.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has left needs no answer
	}
}

// encode returns the document as one line of JSON. A struct of strings and numbers always encodes.
func (d Document) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(d)
	return b.Bytes()
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}
