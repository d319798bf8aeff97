// Package viewcache is level 1: finished responses in the memory of this process. It serves a response as long as the
// ledger confirms that it is current, and at most a quarter of an hour (or as configured). Finding an answer (cache.go)
// does not involve net/http; writing one (http.go) does.
//
// It never caches an answer that depends on the client, and it never decides by itself that an answer is current.
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

// Answer is a finished response to a GET, as a handler passes it to the view cache.
type Answer struct {
	ContentType string
	Body        []byte
	// Link is the Link header, or "".
	Link string
	// Policy is the Content-Security-Policy of an HTML page; "" for other answers.
	Policy string
	// TagPrefix precedes the digest in the entity tag: the version of an item, with a dash.
	TagPrefix string
	// State is what the entity tag has a digest of; nil for the body. TagSuffix follows the digest, and distinguishes
	// bodies of one state.
	State     []byte
	TagSuffix string
	// Route is the template of the route that answers, for logs and metrics.
	Route string
	// Depends is what the answer depends on. An answer without named dependencies is never cached.
	Depends []freshness.Dependency
	// Patch, if not nil, makes the current answer from this one, which was current at the position. It also returns
	// the position of the new answer. It reports false when that needs the store.
	Patch func(freshness.Position) (Answer, freshness.Position, bool)
}

// Load makes an answer, and returns what the query cache did for it. The context carries ports.ReadOptions.
type Load func(context.Context) (Answer, ports.ReadInfo, error)

// View is an answer with everything that is made from it once: entity tags, compressed variants. It is immutable except
// for the variants, which are made on first use, and safe for concurrent use.
type View struct {
	answer   Answer
	key      string // "" when the view is not cached
	load     Load   // makes the answer again, to verify it
	digest   string
	entry    *freshness.Entry
	variants [codings]struct {
		once sync.Once
		*Variant
	}
	present atomic.Uint32 // a bit for each variant that has been made
	sending sending
}

// Variant is a view in one content coding: the bytes, and the values of their headers, ready for a header map. All of
// it is read-only.
type Variant struct {
	Body            []byte
	ETag            []string
	ContentType     []string
	ContentLength   []string
	ContentEncoding []string // nil for identity
	Link            []string // nil for none
}

func newView(a Answer, at freshness.Position) *View {
	digest := a.Tag() + a.TagSuffix
	a.State = nil // no longer needed, and would double the weight
	return &View{
		answer: a,
		digest: digest,
		entry:  freshness.NewEntry(at, a.Depends...),
	}
}

// Tag returns the answer's entity tag without quotation marks, TagSuffix and the suffix of a content coding.
func (a *Answer) Tag() string {
	state := a.State
	if state == nil {
		state = a.Body
	}
	sum := sha256.Sum256(state)
	return a.TagPrefix + hex.EncodeToString(sum[:8])
}

// weight estimates how many bytes a view takes. The compressed variants together stay below the size of the body, and
// so does the data that an answer is patched from.
func (v *View) weight() int {
	bodies := 2
	if v.answer.Patch != nil {
		bodies = 3
	}
	return bodies*len(v.answer.Body) + len(v.answer.Link) + viewOverhead
}

const viewOverhead = 2_048
