// Package viewcache is level 1: finished responses in the memory of this process, served as long as the ledger vouches
// for them, and at most a quarter of an hour (or as configured). Finding an answer (cache.go) knows nothing of net/http;
// writing one (http.go) does.
//
// It never keeps what depends on who asks, and it never decides by itself that an answer is true.
package viewcache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports"
)

// Answer is a finished response to a GET: what a handler hands to the view cache.
type Answer struct {
	ContentType string
	Body        []byte
	// Link is the Link header, "" for none.
	Link string
	// Policy is the Content-Security-Policy of a page for people; "" for what is none.
	Policy string
	// TagPrefix stands in front of the entity tag's digest: the version of an item, with a dash.
	TagPrefix string
	// State is what the entity tag has a digest of, nil for the body; TagSuffix, behind the digest, then tells bodies of
	// one state apart.
	State     []byte
	TagSuffix string
	// Route is the template of the route that answers, for logs and metrics.
	Route string
	// Depends says what the answer depends on. An answer that depends on nothing named is never kept.
	Depends []freshness.Dependency
	// Patch, if not nil, makes the answer as it is now from this one, true at the position, and says at which position
	// that is; or reports false when it cannot be made without asking the store.
	Patch func(freshness.Position) (Answer, freshness.Position, bool)
}

// Load makes an answer anew, and returns what the query cache did for it. The context carries ports.ReadOptions.
type Load func(context.Context) (Answer, ports.ReadInfo, error)

// View is an answer with all that is made from it once: entity tags, compressed variants. It is immutable but for the
// variants, which are made when first asked for, and safe for concurrent use.
type View struct {
	answer   Answer
	key      string // it is kept under; "" when it is not
	load     Load   // to verify it
	digest   string
	entry    *freshness.Entry
	variants [codings]struct {
		once sync.Once
		*Variant
	}
	present atomic.Uint32 // a bit for each variant that has been made
	sending sending
}

// Variant is a view in one content coding: the bytes, and the values of the headers that go with them, ready to be put
// into a header map. Nobody may write to any of it.
type Variant struct {
	Body            []byte
	ETag            []string
	ContentType     []string
	ContentLength   []string
	ContentEncoding []string // nil for the plain variant
	Link            []string // nil for none
}

func newView(a Answer, at freshness.Position) *View {
	digest := a.Tag() + a.TagSuffix
	a.State = nil // it has done its duty, and would double the weight
	return &View{
		answer: a,
		digest: digest,
		entry:  freshness.NewEntry(at, a.Depends...),
	}
}

// Tag is the answer's entity tag without quotation marks, without TagSuffix and without the suffix of a content coding.
func (a *Answer) Tag() string {
	state := a.State
	if state == nil {
		state = a.Body
	}
	sum := sha256.Sum256(state)
	return a.TagPrefix + hex.EncodeToString(sum[:8])
}

// weight is about how many bytes a view takes: compressed variants together stay below the size of the body, and so does
// what an answer that can be patched is made from.
func (v *View) weight() int {
	bodies := 2
	if v.answer.Patch != nil {
		bodies = 3
	}
	return bodies*len(v.answer.Body) + len(v.answer.Link) + viewOverhead
}

const viewOverhead = 2_048
