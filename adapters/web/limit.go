package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

// RateLimit is how much each client may ask: the holder of an API key or, without one, an address.
type RateLimit struct {
	PerMinute int // requests that need work; 0 is no limit
	Burst     int // how many of them may come at once
	// Requests counts requests that need work, and Hits those that the view cache answers. Both may be the same.
	Requests, Hits ports.RateLimiter
	// Keys finds the API key of a request.
	Keys api.Keys
}

const (
	// hitsPerRequest is how many answers of the view cache count as one request.
	hitsPerRequest = 100
	// transferCost is how many requests an import, an export or a change to many listings counts as.
	transferCost = 20
	// recognisedFor is how long a key is counted by without another look-up in the database. It grants nothing: the
	// permissions of a key are looked up each time.
	recognisedFor = time.Minute
	// recognisedKeys bounds the recognised secrets, unknown ones included, to about 2 MiB.
	recognisedKeys = 4_096
)

// limiter enforces the limit. It charges a request as a hit in front of the view cache, and the rest of its cost behind
// it.
type limiter struct {
	RateLimit
	proxies    exchange.Proxies
	refused    func(w http.ResponseWriter, r *http.Request, err error)
	each       time.Duration                     // cost of a request
	hit        time.Duration                     // cost of an answer of the view cache, and part of each request's
	limit      time.Duration                     // of what a client may have used
	policy     []string                          // the header RateLimit-Policy
	recognised *otter.Cache[string, recognition] // by hash of the secret
}

// recognition is the key that a secret belonged to when the database was asked; the zero key for an unknown secret.
type recognition struct {
	key access.Key
	at  time.Time
}

func (o Options) newLimiter() *limiter {
	l := &limiter{RateLimit: o.RateLimit, proxies: o.Proxies, refused: o.refused}
	l.recognised = otter.Must(&otter.Options[string, recognition]{MaximumSize: recognisedKeys})
	if l.PerMinute > 0 {
		l.each = time.Minute / time.Duration(l.PerMinute)
		l.hit = l.each / hitsPerRequest
		l.limit = l.each * time.Duration(l.Burst)
		l.policy = []string{fmt.Sprintf(`"default";q=%d;w=%d`, l.Burst, seconds(l.limit))}
	}
	return l
}

// refused answers a person with a page and a program with a problem.
func (o Options) refused(w http.ResponseWriter, r *http.Request, err error) {
	if site.WantsPage(r) {
		o.Site.Refused(w, r, err)
		return
	}
	problem.Fail(w, r, err)
}

// hits charges a request with the cost of an answer of the view cache.
func (l *limiter) hits(next http.Handler) http.Handler {
	if l.PerMinute == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchange.Of(w)
		if l.exempt(e) {
			next.ServeHTTP(w, r)
			return
		}
		if _, hash := secretOf(r); hash != "" {
			key, _ := l.known(hash)
			note(e, key)
		}
		if used, ok, err := l.Hits.Take(r.Context(), e.Counted(), l.hit, l.limit); err == nil && !ok {
			l.refuse(w, r, used, l.hit)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requests identifies the key of a request, and charges the request with its cost. A look-up of the key in the database
// is charged to the address, so that invented keys gain nothing.
func (l *limiter) requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchange.Of(w)
		if secret, hash := secretOf(r); hash != "" {
			key, known := l.known(hash)
			if !known {
				if !l.charge(w, r, e, l.each-l.hit) {
					return
				}
				key = l.recognise(r.Context(), secret, hash)
			}
			note(e, key)
		}
		if l.charge(w, r, e, l.cost(r)) {
			next.ServeHTTP(w, r)
		}
	})
}

// note makes the request counted and logged by its key, if it has one.
func note(e *exchange.Exchange, key access.Key) {
	if key.ID != "" {
		e.KeyID, e.Actor = key.ID, api.Actor(key)
	}
}

// recognise returns the key with this secret. It returns the zero key for an unknown secret, and when the look-up
// fails.
func (l *limiter) recognise(ctx context.Context, secret, hash string) access.Key {
	key, err := l.Keys.Authenticate(ctx, secret)
	if err == nil || errors.Is(err, access.ErrUnknownKey) {
		l.recognised.Set(hash, recognition{key, time.Now()})
	}
	return key
}

// known returns the key that a secret was recognised by a moment ago, and whether the database was asked then.
func (l *limiter) known(hash string) (access.Key, bool) {
	found, ok := l.recognised.GetIfPresent(hash)
	if !ok || time.Since(found.at) >= recognisedFor {
		return access.Key{}, false
	}
	return found.key, true
}

// charge adds a cost to what the client has used, and sets headers that report what is left. If nothing is left it
// answers the request and reports false.
func (l *limiter) charge(w http.ResponseWriter, r *http.Request, e *exchange.Exchange, cost time.Duration) bool {
	if l.PerMinute == 0 || l.exempt(e) {
		return true
	}
	used, ok, err := l.Requests.Take(r.Context(), e.Counted(), cost, l.limit)
	if err != nil {
		return true // without a count no request is refused
	}
	if !ok {
		l.refuse(w, r, used, cost)
		return false
	}
	l.setHeaders(w, used)
	return true
}

// setHeaders sets the header fields of draft-ietf-httpapi-ratelimit-headers-10. The policy is how many requests may
// come at once and in how many seconds all of them are free again; the state is how many are left and in how many
// seconds.
func (l *limiter) setHeaders(w http.ResponseWriter, used time.Duration) {
	h := w.Header()
	h["Ratelimit-Policy"] = l.policy
	h["Ratelimit"] = []string{fmt.Sprintf(`"default";r=%d;t=%d`, max(l.limit-used, 0)/l.each, seconds(used))}
}

// refuse answers a request whose client has used too much for this cost.
func (l *limiter) refuse(w http.ResponseWriter, r *http.Request, used, cost time.Duration) {
	l.setHeaders(w, used)
	wait := max(seconds(used+cost-l.limit), 1)
	w.Header()["Retry-After"] = []string{strconv.Itoa(wait)}
	l.refused(w, r, problem.Refuse(problem.TooManyRequests,
		"Up to %d requests a minute are answered, and %d at once. Try again in %d s.", l.PerMinute, l.Burst, wait))
}

// exempt reports whether a request is not counted: it comes from this machine without a listed proxy in between.
func (l *limiter) exempt(e *exchange.Exchange) bool {
	return (!e.Client.IsValid() || e.Client.IsLoopback()) && !l.proxies.Contains(e.Client)
}

// cost returns what a request that the view cache does not answer costs beyond the charge for a hit. It is at most the
// burst.
func (l *limiter) cost(r *http.Request) time.Duration {
	if route.Of(r.URL.Path).Long {
		return min(transferCost*l.each, l.limit) - l.hit
	}
	return l.each - l.hit
}

// secretOf returns a text that may be the secret of an API key, and its hash; both are "" when the request carries
// none.
func secretOf(r *http.Request) (secret, hash string) {
	secret, ok := api.Secret(r)
	if !ok || !access.LooksLikeSecret(secret) {
		return "", ""
	}
	return secret, access.HashSecret(secret)
}

// seconds returns a time in whole seconds, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
