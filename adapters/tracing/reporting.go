package tracing

import (
	"context"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// reporting is an exporter that reports when deliveries begin to fail and when they succeed again. It returns no
// error, since the library would print each one.
type reporting struct {
	sdk.SpanExporter

	changed func(cause error)
	failing atomic.Bool
}

// ExportSpans implements sdk.SpanExporter.
func (r *reporting) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	if failing := err != nil; r.failing.Swap(failing) != failing && r.changed != nil {
		r.changed(err)
	}
	return nil
}
