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
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Lookup tells people what the caches have for an address. It puts what each level says of itself side by side.
type Lookup struct {
	views    *viewcache.Cache
	listings *cached.PropertyRepository
	ledger   *freshness.Ledger
	base     string // path below which every address is; "" for the whole host
}

// NewLookup makes a lookup in both caches. Every address is below the base; "" is the whole host.
func NewLookup(v *viewcache.Cache, r *cached.PropertyRepository, l *freshness.Ledger, base string) *Lookup {
	return &Lookup{v, r, l, base}
}

var (
	errNoAddress  = errors.New("an address is a path that begins with /, or a whole URL")
	errNotOfGable = errors.New("the address does not lead here")
)

// Explain implements site.Lookup.
func (l *Lookup) Explain(ctx context.Context, address string) (site.Explanation, error) {
	target, err := l.targetOf(address)
	if err != nil {
		return site.Explanation{}, err
	}
	view := l.views.Explain(target)
	x := site.Explanation{Target: target, Known: view.Key != "", Query: []site.Kept{}}
	question, err := api.ParseQuestion(target)
	switch {
	case err == nil:
		view = l.views.ExplainKey(question.Key)
		x.Query = l.asked(ctx, question)
	case !errors.Is(err, api.ErrNoQuestion):
		return site.Explanation{}, err
	}
	now := time.Now()
	x.Trusted, x.Confirmed = l.ledger.Trusted(now), now.Sub(l.ledger.ConfirmedAt())
	x.View = viewKept(&view)
	x.Answer = answering(x.View, x.Query)
	return x, nil
}

// targetOf is what a request line would have for the address, behind the base path.
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

// asked is what the query cache has for everything that it would be asked.
func (l *Lookup) asked(ctx context.Context, q api.Question) []site.Kept {
	var all []cached.Explanation
	switch {
	case q.Search == nil:
		all = append(all, l.listings.ExplainItem(ctx, q.Item))
	case q.Count:
		all = append(all, l.listings.ExplainPage(ctx, q.Search), l.listings.ExplainCount(ctx, &q.Search.Filter))
	default:
		all = append(all, l.listings.ExplainPage(ctx, q.Search))
	}
	list := make([]site.Kept, len(all))
	for i := range all {
		list[i] = queryKept(&all[i])
	}
	return list
}

// answering is the level that would answer.
func answering(view site.Kept, query []site.Kept) string {
	switch {
	case answers(view):
		return site.LevelView
	case len(query) == 0:
		return ""
	}
	for _, each := range query {
		if !answers(each) {
			return site.LevelDatabase
		}
	}
	return site.LevelQuery
}

func answers(k site.Kept) bool {
	return k.Outcome == cachestat.OutcomeHit.String() || k.Outcome == cachestat.OutcomePatched.String()
}

func viewKept(x *viewcache.Explanation) site.Kept {
	k := site.Kept{
		Level: site.LevelView, Question: x.Key, Outcome: x.Outcome.String(), Why: why(x.Outcome, x.Kept != nil), Found: x.Kept != nil,
	}
	if v := x.Kept; v != nil {
		k.Made, k.Expires, k.Bytes, k.Depends = v.KeptAt, v.Expires, v.Bytes, v.Depends
		for _, each := range v.Variants {
			k.Variants = append(k.Variants, site.Variant(each))
		}
		judged(&k, &v.Ledger)
	}
	return k
}

func queryKept(x *cached.Explanation) site.Kept {
	k := site.Kept{
		Level: site.LevelQuery, Question: x.Question, Outcome: x.Outcome.String(), Why: why(x.Outcome, x.Kept != nil), Found: x.Kept != nil,
	}
	if x.Why != nil && !errors.Is(x.Why, ports.ErrNotCached) {
		k.Why += fmt.Sprintf(" What the cache has could not be read: %v.", x.Why)
	}
	if r := x.Kept; r != nil {
		k.Made, k.Expires, k.Bytes, k.Depends = r.Loaded, r.Expires, r.Bytes, r.Depends
		k.Epoch, k.Snapshot, k.Own = r.Place.Epoch, r.Place.Snapshot.String(), r.Own
		judged(&k, &r.Ledger)
	}
	return k
}

// judged adds what the ledger says.
func judged(k *site.Kept, x *freshness.Explanation) {
	k.Verdict, k.Position, k.Ledger = x.Verdict.String(), uint64(x.At), uint64(x.Head)
	k.Between, k.Touching = uint64(x.Head-x.At), x.Touching
	for _, each := range x.Recent {
		c := &each.Change
		k.Recent = append(k.Recent, site.Change{
			Position: uint64(each.Position), Op: string(c.Op), ID: c.ID.String(), Version: c.Version, At: c.At, Touches: each.Touches,
		})
	}
}

// why is an outcome in a sentence.
func why(o cachestat.Outcome, kept bool) string {
	switch {
	case o == cachestat.OutcomeBypassed:
		return "The change feed has not been confirmed lately, so nothing that is kept is used."
	case !kept:
		return "Nothing is kept."
	case o == cachestat.OutcomeHit:
		return "What is kept is true."
	case o == cachestat.OutcomePatched:
		return "A change touches what is kept, and says enough to bring it up to date without the database."
	case o == cachestat.OutcomeStale:
		return "A change touches what is kept, so it has to be made anew."
	}
	return "The ledger does not remember all that has changed since, so what is kept counts as lost."
}
