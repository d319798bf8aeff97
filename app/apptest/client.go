//go:build unix

package apptest

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

// Reply is an answer and the moment it was requested.
type Reply struct {
	Answer
	Began time.Time
}

// PatchType is the media type of a PATCH.
const PatchType = "application/merge-patch+json"

// Try sends one request with the write key; headers come in pairs.
func (n *Node) Try(method, path, body string, headers ...string) (Reply, error) {
	ctx, cancel := context.WithTimeout(n.T.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, *n.Base.Load()+path, strings.NewReader(body))
	if err != nil {
		return Reply{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		request.Header.Set("Authorization", "Bearer "+n.Key)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	response, err := n.Transport.RoundTrip(request)
	if err != nil {
		return Reply{Began: began}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return Reply{Answer{n.T, response.StatusCode, response.Header, string(content)}, began}, err
}

// Do is Try for requests that must be answered.
func (n *Node) Do(method, path, body string, headers ...string) Reply {
	n.T.Helper()
	r, err := n.Try(method, path, body, headers...)
	if err != nil {
		n.T.Fatalf("%s %s on process %s: %v", method, path, n.Name, err)
	}
	return r
}

// Get reads a path.
func (n *Node) Get(path string, headers ...string) Reply {
	n.T.Helper()
	return n.Do(http.MethodGet, path, "", headers...)
}

// Written is a write that was acknowledged.
type Written struct {
	Listing
	At    time.Time // when the acknowledgement came
	Token string
}

// Write sends a write that must be acknowledged with the status.
func (n *Node) Write(method, path, body string, status int, headers ...string) Written {
	n.T.Helper()
	r := n.Do(method, path, body, headers...)
	w := Written{At: time.Now(), Token: r.Header.Get(TokenHeader)}
	r.Must(status)
	if r.Body != "" {
		w.Listing = Decoded[Listing](r.Answer)
	}
	return w
}

// Create makes a listing: title, price and further members.
func (n *Node) Create(title string, price int, members ...string) Written {
	n.T.Helper()
	all := append([]string{fmt.Sprintf(`"title":%q,"price":%d,"location":"Here"`, title, price)}, members...)
	return n.Write(http.MethodPost, "/v1/properties", "{"+strings.Join(all, ",")+"}", http.StatusCreated)
}

// Patch changes members of a listing.
func (n *Node) Patch(id, members string) Written {
	n.T.Helper()
	return n.Write(http.MethodPatch, "/v1/properties/"+id, members, http.StatusOK, "Content-Type", PatchType)
}

// Remove deletes a listing.
func (n *Node) Remove(id string) Written {
	n.T.Helper()
	return n.Write(http.MethodDelete, "/v1/properties/"+id, "", http.StatusNoContent)
}

// ItemPath returns the path of a listing.
func ItemPath(id string) string { return "/v1/properties/" + id }

// Shown returns what an answer shows, in short. It is "absent", "low 100.00 v1" for an item, "low mid" for a page,
// "low mid (2)" for a page with its count, and "503" for an answer that shows nothing.
func Shown(a Answer) string {
	if a.Status == http.StatusNotFound {
		return "absent"
	}
	if a.Status != http.StatusOK {
		return fmt.Sprint(a.Status)
	}
	var body struct {
		Listing
		Properties []Listing `json:"properties"`
		Count      *int      `json:"count"`
	}
	if err := json.NewDecoder(bytes.NewBufferString(a.Body)).Decode(&body); err != nil {
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

// Shows fails the test unless every request that begins later than the bound after the write shows what is wanted. It
// asks until one does, and returns how long after the write the first request began that showed it.
func (n *Node) Shows(written time.Time, bound time.Duration, path, want string, headers ...string) time.Duration {
	n.T.Helper()
	for {
		r := n.Get(path, headers...)
		age := r.Began.Sub(written)
		if Shown(r.Answer) == want {
			return age
		}
		if age >= bound {
			n.T.Errorf("process %s: %s asked %s after the write %q shows %q, want %q (%s)",
				n.Name, path, age, headers, Shown(r.Answer), want, r.Header.Get("Cache-Status"))
			return age
		}
		time.Sleep(time.Millisecond) // the pause between two looks
	}
}

// Warm requests each path until a cache answers, so that the next read of it meets a cached answer. Problem documents
// do not name their source, so an absence is requested twice.
func Warm(t *testing.T, nodes []*Node, paths ...string) {
	t.Helper()
	for _, n := range nodes {
		for _, path := range paths {
			Poll(t, path+" is cached by process "+n.Name, func() bool {
				r := n.Get(path)
				return strings.Contains(r.Header.Get("Cache-Status"), "hit") ||
					r.Status == http.StatusNotFound && n.Get(path).Status == http.StatusNotFound
			})
		}
	}
}
