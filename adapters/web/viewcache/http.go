package viewcache

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/ports"
)

// Front answers requests whose target is known and whose view is true; everything else goes to next. It stands in front of
// the router, so a hit costs two look-ups and one comparison.
func (c *Cache) Front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			if v := c.front(r); v != nil {
				c.counters.Count(ports.OutcomeHit)
				if e := exchange.Of(w); e != nil {
					e.View, e.Route = ports.OutcomeHit, v.answer.Route
				}
				c.write(w, r, v, statusHit)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (c *Cache) front(r *http.Request) *View {
	if wantsUncached(r) {
		return nil
	}
	return c.ByTarget(r.RequestURI)
}

// wantsUncached reports whether the client asks, by Cache-Control: no-cache, for an answer as if there were no cache.
func wantsUncached(r *http.Request) bool {
	for _, line := range r.Header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(directive, "=")
			name = strings.TrimSpace(name)
			if strings.EqualFold(name, "no-cache") || strings.EqualFold(name, "no-store") {
				return true
			}
		}
	}
	return false
}

// Serve answers a GET or HEAD whose canonical key the handler has found out: from the cache, or by what load makes. An
// error of load is returned with nothing written. The context that load gets carries the exchange's Reading.
func (c *Cache) Serve(
	w http.ResponseWriter, r *http.Request, key string, load func(context.Context) (Answer, error),
) error {
	e := exchange.Of(w)
	reading := &ports.Reading{}
	outcome := &reading.Outcome
	if e != nil {
		reading, outcome = &e.Reading, &e.View
	}
	reading.Uncached = wantsUncached(r)
	var v *View
	*outcome = ports.OutcomeBypassed
	if !reading.Uncached {
		v, *outcome = c.ByKey(key)
	}
	c.counters.Count(*outcome)
	if v != nil {
		c.Learn(r.RequestURI, key)
		c.write(w, r, v, statusHit)
		return nil
	}
	at := c.Position()
	answer, err := load(ports.WithReading(r.Context(), reading))
	if err != nil {
		return err
	}
	if *outcome == ports.OutcomeBypassed {
		c.write(w, r, newView(answer, at), []string{cacheStatus(reading.Outcome, *outcome, false)})
		return nil
	}
	v, stored := c.Keep(key, answer, at)
	if stored {
		c.Learn(r.RequestURI, key)
	}
	c.write(w, r, v, []string{cacheStatus(reading.Outcome, *outcome, stored)})
	return nil
}

// Header values that never change; shared by all responses, so nobody may write to them.
var (
	statusHit      = []string{"gable-view; hit"}
	noCache        = []string{"no-cache"}
	acceptEncoding = []string{"Accept-Encoding"}
)

// write sends the variant that the client can read, or 304 when it has it already.
func (c *Cache) write(w http.ResponseWriter, r *http.Request, v *View, status []string) {
	variant := v.Variant(first(r.Header["Accept-Encoding"]))
	h := w.Header()
	h["Cache-Control"] = noCache
	h["Cache-Status"] = status
	h["Etag"] = variant.ETag
	h["Vary"] = acceptEncoding
	if c.options.CDNMaxAge > 0 {
		h["Cdn-Cache-Control"] = []string{"max-age=" + strconv.Itoa(int(c.options.CDNMaxAge.Seconds()))}
	}
	if variant.Link != nil {
		h["Link"] = variant.Link
	}
	if matches(r.Header["If-None-Match"], variant.ETag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = variant.ContentType
	h["Content-Length"] = variant.ContentLength
	if variant.ContentEncoding != nil {
		h["Content-Encoding"] = variant.ContentEncoding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(variant.Body) // a client that has gone away needs no answer
	}
}

func first(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return strings.Join(values, ",")
}

// matches compares If-None-Match with an entity tag, weakly, as RFC 9110 asks.
func matches(header []string, tag string) bool {
	for _, line := range header {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
			if item == tag || item == "*" {
				return true
			}
		}
	}
	return false
}

// cacheStatus is the Cache-Status header (RFC 9211): the member nearest to the store first.
func cacheStatus(query, view ports.Outcome, stored bool) string {
	status := ""
	if query != ports.OutcomeNone {
		status = "gable-query; " + statusOf(query) + ", "
	}
	status += "gable-view; " + statusOf(view)
	if stored {
		status += "; stored"
	}
	return status
}

func statusOf(o ports.Outcome) string {
	switch o {
	case ports.OutcomeHit:
		return "hit"
	case ports.OutcomePatched:
		return "hit; detail=patched"
	case ports.OutcomeCoalesced:
		return "fwd=uri-miss; collapsed"
	case ports.OutcomeStale:
		return "fwd=stale"
	case ports.OutcomeBypassed:
		return "fwd=bypass"
	}
	return "fwd=uri-miss"
}

// Write answers with something that is not kept, such as the listing that a change has just made: plain bytes, and the
// entity tag that a GET of them would carry.
func Write(w http.ResponseWriter, r *http.Request, status int, a Answer) {
	plain := newView(a, 0).Variant("")
	h := w.Header()
	h["Cache-Control"] = noCache
	h["Etag"] = plain.ETag
	h["Content-Type"] = plain.ContentType
	h["Content-Length"] = plain.ContentLength
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(plain.Body)
	}
}
