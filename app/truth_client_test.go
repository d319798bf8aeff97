//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// reply is an answer and when it was asked for.
type reply struct {
	answer
	began time.Time
}

const patchType = "application/merge-patch+json"

// try sends one request with the write key; headers come in pairs.
func (n *node) try(method, path, body string, headers ...string) (reply, error) {
	ctx, cancel := context.WithTimeout(n.t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, *n.base.Load()+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		request.Header.Set("Authorization", "Bearer "+n.key)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	response, err := n.transport.RoundTrip(request)
	if err != nil {
		return reply{began: began}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return reply{answer{n.t, response.StatusCode, response.Header, string(content)}, began}, err
}

func (n *node) do(method, path, body string, headers ...string) reply {
	n.t.Helper()
	r, err := n.try(method, path, body, headers...)
	if err != nil {
		n.t.Fatalf("%s %s on process %s: %v", method, path, n.name, err)
	}
	return r
}

func (n *node) get(path string, headers ...string) reply {
	n.t.Helper()
	return n.do(http.MethodGet, path, "", headers...)
}

// written is a write that was acknowledged.
type written struct {
	jsonListing
	at    time.Time // when the acknowledgement came
	token string
}

func (n *node) write(method, path, body string, status int, headers ...string) written {
	n.t.Helper()
	r := n.do(method, path, body, headers...)
	w := written{at: time.Now(), token: r.header.Get(tokenHeader)}
	r.must(status)
	if r.body != "" {
		w.jsonListing = decoded[jsonListing](r.answer)
	}
	return w
}

// create makes a listing: title, price and further members.
func (n *node) create(title string, price int, members ...string) written {
	n.t.Helper()
	all := append([]string{fmt.Sprintf(`"title":%q,"price":%d,"location":"Here"`, title, price)}, members...)
	return n.write(http.MethodPost, "/v1/properties", "{"+strings.Join(all, ",")+"}", http.StatusCreated)
}

func (n *node) patch(id, members string) written {
	n.t.Helper()
	return n.write(http.MethodPatch, "/v1/properties/"+id, members, http.StatusOK, "Content-Type", patchType)
}

func (n *node) remove(id string) written {
	n.t.Helper()
	return n.write(http.MethodDelete, "/v1/properties/"+id, "", http.StatusNoContent)
}

func itemPath(id string) string { return "/v1/properties/" + id }

// shown is what an answer tells, in short: "absent", "low 100.00 v1" for an item, "low mid" for a page, "low mid (2)" for
// a page with its count, "503" for what tells nothing.
func shown(a answer) string {
	if a.status == http.StatusNotFound {
		return "absent"
	}
	if a.status != http.StatusOK {
		return fmt.Sprint(a.status)
	}
	var body struct {
		jsonListing
		Properties []jsonListing `json:"properties"`
		Count      *int          `json:"count"`
	}
	if err := json.NewDecoder(bytes.NewBufferString(a.body)).Decode(&body); err != nil {
		return err.Error()
	}
	if body.ID != "" {
		return fmt.Sprintf("%s %s v%d", body.Title, body.Price, body.Version)
	}
	var titles []string
	for _, p := range body.Properties {
		titles = append(titles, p.Title)
	}
	text := strings.Join(titles, " ")
	if body.Count != nil {
		text += fmt.Sprintf(" (%d)", *body.Count)
	}
	return text
}

// shows holds the node to a promise: every request that begins later than the bound after the write shows what is wanted.
// It asks until it does, and returns how long after the write the first request began that showed it.
func (n *node) shows(written time.Time, bound time.Duration, path, want string, headers ...string) time.Duration {
	n.t.Helper()
	for {
		r := n.get(path, headers...)
		age := r.began.Sub(written)
		if shown(r.answer) == want {
			return age
		}
		if age >= bound {
			n.t.Errorf("process %s: %s asked %s after the write %q shows %q, want %q (%s)",
				n.name, path, age, headers, shown(r.answer), want, r.header.Get("Cache-Status"))
			return age
		}
		time.Sleep(time.Millisecond) // the pause between two looks
	}
}

// warm asks for each path until a cache answers, so that what comes next is said about a kept answer. Problem documents do
// not tell where they come from: an absence is asked for twice.
func warm(t *testing.T, nodes []*node, paths ...string) {
	t.Helper()
	for _, n := range nodes {
		for _, path := range paths {
			poll(t, path+" is kept by process "+n.name, func() bool {
				r := n.get(path)
				return strings.Contains(r.header.Get("Cache-Status"), "hit") ||
					r.status == http.StatusNotFound && n.get(path).status == http.StatusNotFound
			})
		}
	}
}
