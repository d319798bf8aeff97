// Package tracing records request timing as OpenTelemetry traces and delivers them to a collector by OTLP over HTTP.
// A ports.Trace traces the layers beneath; decorators trace repositories and the change feed.
//
// Tracing never makes a request fail or wait: spans that the collector does not accept in time are dropped. A span
// holds names of routes, kinds of statements and outcomes. Of the client's own input it holds the trace id alone.
package tracing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/gable-listings/gable/ports"
)

// Options of a Tracer.
type Options struct {
	// Endpoint is the URL of the collector, such as http://localhost:4318. Without a path, /v1/traces is used.
	Endpoint string
	// Ratio is the share of requests and feed polls that are recorded, above 0 and up to 1. For a request with a
	// traceparent, the caller's decision to record or not holds here, too.
	Ratio float64
	// Version is the version of the program.
	Version string
	// Changed, if not nil, is called with the cause when the collector stops accepting spans, and with nil when it
	// accepts them again.
	Changed func(cause error)
}

// Bounds: spans that wait to be delivered, the longest delivery of a batch, and the longest text in a span.
const (
	queueLength   = 2_048
	exportTimeout = 5 * time.Second
	longestText   = 256
)

// Tracer records traces. A nil Tracer records nothing and returns nil from its methods, so that disabled tracing
// costs nothing. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open makes a Tracer that delivers to the collector in the background. It does not wait for the collector.
func Open(ctx context.Context, o Options) (*Tracer, error) {
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("parse the endpoint of traces: %w", err)
	}
	if endpoint.Path == "" || endpoint.Path == "/" {
		endpoint.Path = "/v1/traces" // the default of OTLP
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(endpoint.String()),
		otlptracehttp.WithTimeout(exportTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}),
	)
	if err != nil {
		return nil, fmt.Errorf("open the exporter of traces: %w", err)
	}
	return New(sdk.NewBatchSpanProcessor(&reporting{SpanExporter: exporter, changed: o.Changed},
		sdk.WithMaxQueueSize(queueLength), sdk.WithExportTimeout(exportTimeout)), o), nil
}

// New makes a Tracer whose spans go to the processor.
func New(processor sdk.SpanProcessor, o Options) *Tracer {
	limits := sdk.NewSpanLimits()
	limits.AttributeValueLengthLimit = longestText
	provider := sdk.NewTracerProvider(
		sdk.WithSpanProcessor(processor),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Ratio))),
		sdk.WithRawSpanLimits(limits),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "gable"), attribute.String("service.version", o.Version))),
	)
	return &Tracer{provider, provider.Tracer("github.com/gable-listings/gable")}
}

// Close delivers the remaining spans, until the context ends.
func (t *Tracer) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Requests returns a function that begins the span of an HTTP request, as a child of its traceparent if it has one
// (W3C Trace Context). That function returns the request whose context carries the span, the id of the trace, and a
// function that ends the span. The id is "" when the request is not recorded.
func (t *Tracer) Requests() func(*http.Request) (*http.Request, string, func(method, route string, status int)) {
	if t == nil {
		return nil
	}
	return t.request
}

func (t *Tracer) request(r *http.Request) (*http.Request, string, func(method, route string, status int)) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	if !span.IsRecording() {
		return r, "", func(string, string, int) {}
	}
	return r.WithContext(ctx), span.SpanContext().TraceID().String(), func(method, route string, status int) {
		span.SetName(method + " " + route)
		span.SetAttributes(
			attribute.String("http.request.method", method),
			attribute.String("http.route", route),
			attribute.Int("http.response.status_code", status),
		)
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Trace returns a ports.Trace for the layers beneath.
func (t *Tracer) Trace() ports.Trace {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, name string) (context.Context, func(string, error)) {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return ctx, func(string, error) {}
		}
		ctx, span := t.tracer.Start(ctx, name)
		return ctx, func(outcome string, err error) {
			if outcome != "" {
				span.SetAttributes(attribute.String("gable.outcome", outcome))
			}
			end(span, err)
		}
	}
}

func end(span trace.Span, err error) {
	if err != nil {
		text := err.Error()
		span.SetStatus(codes.Error, text[:min(len(text), longestText)])
	}
	span.End()
}
