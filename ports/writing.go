package ports

import (
	"context"

	"github.com/gable-listings/gable/domain/property"
)

// Writing travels with a write through the layers, in its context: down goes who makes the change, up comes what was
// committed. One Writing belongs to one request and is used by one goroutine at a time.
type Writing struct {
	// Actor is who makes the change, for its history: "anna", "key importer", "command import". Stores keep the first
	// MaxActor characters. When it is empty nobody says, and the store has its own idea of who it is, if any.
	Actor   string
	Changes int    // how many were committed
	Tx      uint64 // the last one's transaction
	Epoch   string // and the epoch of that: see property.Change
}

// MaxActor is how many characters of an actor's name are kept.
const MaxActor = 100

// Note counts committed changes. A nil Writing ignores them.
func (w *Writing) Note(changes ...property.Change) {
	if w != nil && len(changes) > 0 {
		w.Changes += len(changes)
		last := &changes[len(changes)-1]
		w.Tx, w.Epoch = last.Tx, last.Epoch
	}
}

type writingKey struct{}

// ActorFrom returns the actor of the context's writing, as it is kept; "" when nobody says.
func ActorFrom(ctx context.Context) string {
	w := WritingFrom(ctx)
	if w == nil {
		return ""
	}
	characters := 0
	for at := range w.Actor {
		if characters++; characters > MaxActor {
			return w.Actor[:at]
		}
	}
	return w.Actor
}

// WithWriting returns a context that carries the writing.
func WithWriting(ctx context.Context, w *Writing) context.Context {
	return context.WithValue(ctx, writingKey{}, w)
}

// WritingFrom returns the context's writing, or nil when it carries none.
func WritingFrom(ctx context.Context) *Writing {
	w, _ := ctx.Value(writingKey{}).(*Writing)
	return w
}
