package insight

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Lookup explains what the caches hold for an address. Each level explains its own part.
type Lookup struct {
	views    *viewcache.Cache
	listings *cached.PropertyRepository
	ledger   *freshness.Ledger
	base     string // path prefix of every address; "" for the whole host
}

// NewLookup makes a lookup in both caches. Every address is below the base path; "" is the whole host.
func NewLookup(v *viewcache.Cache, r *cached.PropertyRepository, l *freshness.Ledger, base string) *Lookup {
	return &Lookup{v, r, l, base}
}

var (
	errNoAddress  = errors.New("an address is a path that begins with /, or a whole URL")
	errNotOfGable = errors.New("the address does not lead here")
)

// Explain implements site.Lookup.
func (l *Lookup) Explain(ctx context.Context, address string) (site.LookupResult, error) {
	target, err := l.targetOf(address)
	if err != nil {
		return site.LookupResult{}, err
	}
	x := site.LookupResult{Target: target, View: l.views.Explain(target), Trusted: l.ledger.Trusted(time.Now())}
	x.Known = x.View.Question != ""
	question, err := api.ParseQuestion(target)
	switch {
	case err == nil:
		x.View, x.Query = l.views.ExplainKey(question.Key), l.explainQueries(ctx, question)
	case !errors.Is(err, api.ErrNoQuestion):
		return site.LookupResult{}, err
	}
	x.Answer = answering(&x.View, x.Query)
	return x, nil
}

// targetOf returns the request target of an address, without the base path.
func (l *Lookup) targetOf(address string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Opaque != "" || u.Host == "" && !strings.HasPrefix(u.Path, "/") {
		return "", errNoAddress
	}
	target, below := strings.CutPrefix(u.RequestURI(), l.base)
	if !below || !strings.HasPrefix(target, "/") {
		return "", fmt.Errorf("%w; addresses of this service begin with %s/", errNotOfGable, l.base)
	}
	return target, nil
}

// explainQueries explains each lookup that the request would make in the query cache.
func (l *Lookup) explainQueries(ctx context.Context, q api.Question) []cachestat.Explanation {
	if q.Search == nil {
		return []cachestat.Explanation{l.listings.ExplainItem(ctx, q.Item)}
	}
	all := []cachestat.Explanation{l.listings.ExplainPage(ctx, q.Search)}
	if q.Count {
		all = append(all, l.listings.ExplainCount(ctx, &q.Search.Filter))
	}
	return all
}

// answering returns the level that would answer, or "" for an unknown address.
func answering(view *cachestat.Explanation, queries []cachestat.Explanation) string {
	switch {
	case answers(view):
		return view.Level
	case len(queries) == 0:
		return ""
	}
	for i := range queries {
		if !answers(&queries[i]) {
			return site.LevelDatabase
		}
	}
	return queries[0].Level
}

func answers(x *cachestat.Explanation) bool {
	return x.Outcome == cachestat.OutcomeHit || x.Outcome == cachestat.OutcomePatched
}
