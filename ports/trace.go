package ports

import "context"

// Trace begins a span: the record of one piece of work within a trace. The span is a child of the one that the
// context carries, and the returned context carries the new span for the work beneath. The returned function ends
// the span with the result: an outcome in one word, or "", and the error, or nil. It is called once. Where the
// context carries no recorded span, nothing is recorded. A nil Trace means that tracing is off, and is never
// called.
type Trace func(ctx context.Context, name string) (context.Context, func(outcome string, err error))
