package viewcache

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// spanName is the name of the cache's span in a trace.
const spanName = "view cache"

// Front answers requests whose target is known and whose view is current; everything else goes to next. It stands in
// front of the router, so that a hit costs two look-ups and one comparison.
func (c *Cache) Front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			if e := exchange.Of(w); e != nil && c.front(w, r, e) {
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// front answers if it can, and reports whether it did.
func (c *Cache) front(w http.ResponseWriter, r *http.Request, e *exchange.Exchange) bool {
	d := e.Directives
	if !d.Plain() {
		if d.Err != nil || !c.knows(r.RequestURI) {
			return false // the handler behind answers
		}
		c.consistency.Prepare(r.Context(), d, &e.Read)
		if e.Prepared = true; e.Read.Uncached {
			return false
		}
	}
	v := c.ByTarget(r.RequestURI)
	if v == nil {
		return false
	}
	sent, err := c.send(v)
	if err != nil {
		return false // the handler behind meets and reports the same error
	}
	defer sent()
	if d.Session && c.consistency.SetReadToken(r.Context(), w.Header()) != nil {
		return false
	}
	c.counters.Count(cachestat.OutcomeHit)
	c.offer(v)
	e.View, e.Route = cachestat.OutcomeHit, v.answer.Route
	if c.options.Trace != nil {
		_, end := c.options.Trace(r.Context(), spanName)
		defer end(e.View.String(), nil)
	}
	c.write(w, r, v, statusHit, d)
	return true
}

// Serve answers a GET or HEAD whose canonical key the handler has determined: from the cache, or with the answer that
// load makes. It returns an error of load without writing a body. The context of load carries the exchange's read
// options.
func (c *Cache) Serve(w http.ResponseWriter, r *http.Request, key string, load Load) error {
	e := exchange.Of(w)
	if e == nil {
		e = exchange.New(w, "")
		e.Directives = consistency.Parse(r.Header)
	}
	if c.options.Trace != nil {
		ctx, end := c.options.Trace(r.Context(), spanName)
		defer func() { end(e.View.String(), nil) }()
		r = r.WithContext(ctx)
	}
	d := e.Directives
	if d.Err != nil {
		return d.Err
	}
	if !e.Prepared {
		c.consistency.Prepare(r.Context(), d, &e.Read)
	}
	reply, err := c.reply(r, e, key, load)
	if d.Session && !errors.Is(err, ports.ErrUnavailable) {
		err = cmp.Or(c.consistency.SetReadToken(r.Context(), w.Header()), err)
	}
	if err != nil {
		if reply.age > 0 && errors.Is(err, property.ErrNotFound) {
			setAge(w.Header(), reply.age)
			w.Header()["Cache-Status"] = []string{cacheStatus(e.Query, e.View, false)}
		}
		return err
	}
	if reply.stored {
		c.Learn(r.RequestURI, key)
	}
	sent, err := c.send(reply.view)
	if err != nil {
		return err
	}
	defer sent()
	if reply.age > 0 {
		setAge(w.Header(), reply.age)
	}
	c.write(w, r, reply.view, reply.status, d)
	return nil
}

// setAge sets the time since the answer was last known to be current.
func setAge(h http.Header, age time.Duration) {
	h["Age"] = []string{strconv.Itoa(int(math.Ceil(age.Seconds())))}
}

// reply is a view to answer with, or none with an error, and the cache's part in it.
type reply struct {
	view   *View
	status []string
	stored bool          // under its key
	age    time.Duration // since it was last known to be current; 0 for now
}

// reply returns the cached view for the key, or makes one.
func (c *Cache) reply(r *http.Request, e *exchange.Exchange, key string, load Load) (reply, error) {
	e.View = cachestat.OutcomeBypassed
	if !e.Read.Uncached {
		var v *View
		if v, e.View = c.ByKey(key); v != nil {
			c.counters.Count(e.View)
			c.offer(v)
			return reply{view: v, status: statusOfView[e.View], stored: true}, nil
		}
	}
	at := c.Position()
	answer, info, err := load(ports.WithReadOptions(r.Context(), e.Read))
	e.Query = info.Outcome
	if errors.Is(err, ports.ErrUnavailable) || errors.Is(err, ports.ErrNotCached) {
		if v, age := c.staleIfError(key, e.Read.Tolerance); v != nil && e.View == cachestat.OutcomeBypassed {
			e.View = cachestat.OutcomeStaleIfError
			c.counters.Count(e.View)
			return reply{view: v, status: statusOfView[e.View], age: age}, nil
		}
	}
	c.counters.Count(e.View)
	if err != nil {
		return reply{age: info.Age}, err
	}
	if e.View == cachestat.OutcomeBypassed {
		status := []string{cacheStatus(e.Query, e.View, false)}
		return reply{view: newView(answer, at), status: status, age: info.Age}, nil
	}
	v, stored := c.Store(key, answer, at, load)
	status := []string{cacheStatus(e.Query, e.View, stored)}
	return reply{view: v, status: status, stored: stored, age: info.Age}, nil
}

// Header values that never change. All responses share them, so they are read-only.
var (
	statusOfView   = statusOfEach()
	statusHit      = statusOfView[cachestat.OutcomeHit]
	noCache        = []string{"no-cache"}
	privateNoCache = []string{"private, no-cache"}
	acceptEncoding = []string{"Accept-Encoding"}
)

// share sets which other caches may store the answer. A shared cache may reuse an answer, for as long as configured,
// only when the request asked for nothing special and the answer is current. A session's answer carries its reader's
// token, so no shared cache may store it.
func (c *Cache) share(h http.Header, d consistency.Directives) {
	h["Cache-Control"] = noCache
	if d.Session {
		h["Cache-Control"] = privateNoCache
	}
	if c.options.CDNMaxAge > 0 && d.Plain() && h["Age"] == nil {
		h["Cdn-Cache-Control"] = []string{"max-age=" + strconv.Itoa(int(c.options.CDNMaxAge.Seconds()))}
	}
}

// write sends the variant that the client can read, or 304 when the client has it already.
func (c *Cache) write(w http.ResponseWriter, r *http.Request, v *View, status []string, d consistency.Directives) {
	variant := v.Variant(first(r.Header["Accept-Encoding"]))
	h := w.Header()
	c.share(h, d)
	h["Cache-Status"] = status
	h["Etag"] = variant.ETag
	if h["Vary"] == nil {
		h["Vary"] = acceptEncoding
	} else { // set by a handler in front
		h["Vary"] = append(h["Vary"], acceptEncoding[0])
	}
	if variant.Link != nil {
		h["Link"] = variant.Link
	}
	if v.answer.Policy != "" {
		exchange.SetPolicy(h, v.answer.Policy)
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

// matches compares If-None-Match with an entity tag, weakly, as RFC 9110 requires.
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

// cacheStatus returns the Cache-Status header (RFC 9211): the member nearest to the store first.
func cacheStatus(query, view cachestat.Outcome, stored bool) string {
	status := ""
	if query != cachestat.OutcomeNone {
		status = "gable-query; " + query.CacheStatus() + ", "
	}
	status += "gable-view; " + view.CacheStatus()
	if stored {
		status += "; stored"
	}
	return status
}

// statusOfEach returns the Cache-Status of each outcome of this cache by itself.
func statusOfEach() map[cachestat.Outcome][]string {
	status := map[cachestat.Outcome][]string{}
	for _, o := range cachestat.Outcomes() {
		status[o] = []string{cacheStatus(cachestat.OutcomeNone, o, false)}
	}
	return status
}

// WriteUncached answers with something that is not cached, such as a new listing. It sends plain bytes, and the entity
// tag that a GET of them would carry.
func WriteUncached(w http.ResponseWriter, r *http.Request, status int, a Answer) {
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
