package ports

import (
	"context"

	"github.com/gable-listings/gable/domain/property"
)

// Writing travels with a write through the layers, in its context, and comes back with what was committed. One Writing
// belongs to one request and is used by one goroutine at a time.
type Writing struct {
	Changes int    // how many were committed
	Tx      uint64 // the last one's transaction
}

// Note counts committed changes. A nil Writing ignores them.
func (w *Writing) Note(changes ...property.Change) {
	if w != nil && len(changes) > 0 {
		w.Changes += len(changes)
		w.Tx = changes[len(changes)-1].Tx
	}
}

type writingKey struct{}

// WithWriting returns a context that carries the writing.
func WithWriting(ctx context.Context, w *Writing) context.Context {
	return context.WithValue(ctx, writingKey{}, w)
}

// WritingFrom returns the context's writing, or nil when it carries none.
func WritingFrom(ctx context.Context) *Writing {
	w, _ := ctx.Value(writingKey{}).(*Writing)
	return w
}
