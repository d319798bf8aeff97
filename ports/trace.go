package ports

import "context"

// Trace begins a span: the record of one piece of work within a trace. The span is a child of the one that the context
// carries, and the context that comes back carries it for the work beneath. The function ends it with what came of the
// work: an outcome in one word, or "", and the error, or nil. It is called once. Where the context carries no span that
// is recorded, nothing is recorded. A nil Trace stands for tracing that is switched off, and is never called.
type Trace func(ctx context.Context, name string) (context.Context, func(outcome string, err error))
