package tracing

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
	"github.com/gable-listings/gable/ports/porttest"
)

func recorder(t *testing.T, ratio float64) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	tracer := New(spans, Options{Ratio: ratio})
	t.Cleanup(func() { _ = tracer.Close(context.Background()) })
	return tracer, spans
}

func names(spans *tracetest.SpanRecorder) (list []string) {
	for _, s := range spans.Ended() {
		text := s.Name()
		for _, a := range s.Attributes() {
			if a.Key == "gable.outcome" {
				text += " (" + a.Value.AsString() + ")"
			}
		}
		list = append(list, text)
	}
	return list
}

func TestATracerThatIsOffPutsNothingInTheWay(t *testing.T) {
	var off *Tracer
	repo := memory.NewPropertyRepository(time.Now)
	if off.Requests() != nil || off.Trace() != nil || off.Repository(repo, "load") != ports.PropertyRepository(repo) ||
		off.Feed(nil) != nil {
		t.Error("a nil Tracer returns something that is not nil")
	}
}

func TestARepositoryWithSpansIsARepositoryLikeAnyOther(t *testing.T) {
	tracer, _ := recorder(t, 1)
	porttest.PropertyRepository(t, func(*testing.T) ports.PropertyRepository {
		return tracer.Repository(memory.NewPropertyRepository(time.Now), "load")
	}, porttest.Features{})
}

// noting sets outcomes as the query cache does.
type noting struct {
	ports.PropertyRepository
	outcomes []cachestat.Outcome
}

func (n *noting) Find(context.Context, property.ID) (property.Property, ports.ReadInfo, error) {
	info := ports.ReadInfo{Outcome: n.outcomes[0]}
	n.outcomes = n.outcomes[1:]
	return property.Property{}, info, property.ErrNotFound
}

func outcomeOf(_ property.Property, info ports.ReadInfo, _ error) cachestat.Outcome {
	return info.Outcome
}

func TestEachReadsSpanHasItsOutcome(t *testing.T) {
	tracer, spans := recorder(t, 1)
	r, _, end := tracer.Requests()(httptest.NewRequest(http.MethodGet, "/", nil))
	repo := tracer.Repository(&noting{outcomes: []cachestat.Outcome{cachestat.OutcomeMiss, cachestat.OutcomeHit}},
		"query cache")
	first, second := outcomeOf(repo.Find(r.Context(), property.ID{})), outcomeOf(repo.Find(r.Context(), property.ID{}))
	end("GET", "/", http.StatusNotFound)
	want := []string{"query cache find (miss)", "query cache find (hit)", "GET /"}
	if diff := cmp.Diff(want, names(spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if first != cachestat.OutcomeMiss || second != cachestat.OutcomeHit {
		t.Errorf("the reader receives %s and %s, want miss and hit", first, second)
	}
	for _, s := range spans.Ended() {
		if s.Status().Code == codes.Error {
			t.Errorf("%s is an error, but not found is an answer", s.Name())
		}
	}
}

func TestTheTraceparentDecidesWhetherARequestIsRecorded(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, c := range []struct {
		ratio       float64
		traceparent string
		want        string // the id of the trace
	}{
		{1e-12, "00-" + id + "-00f067aa0ba902b7-01", id},
		{1, "00-" + id + "-00f067aa0ba902b7-00", ""},
		{1e-12, "", ""},
		{1e-12, "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", ""},
		{1e-12, "nonsense", ""},
	} {
		tracer, spans := recorder(t, c.ratio)
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Traceparent", c.traceparent)
		traced, got, end := tracer.Requests()(request)
		_, endChild := tracer.Trace()(traced.Context(), "child")
		endChild("", nil)
		end("GET", "/", http.StatusOK)
		recorded := map[bool]int{true: 2}[c.want != ""]
		if got != c.want || len(spans.Ended()) != recorded {
			t.Errorf("%q at %v: trace %q with %q, want trace %q", c.traceparent, c.ratio, got, names(spans), c.want)
		}
	}
}

func TestWorkOutsideARequestIsNotRecorded(t *testing.T) {
	tracer, spans := recorder(t, 1)
	_, end := tracer.Trace()(t.Context(), "SQL DELETE")
	end("", nil)
	if got := names(spans); len(got) > 0 {
		t.Errorf("recorded %q", got)
	}
}

type failingFeed struct{ ports.ChangeFeed }

func (failingFeed) Changes(context.Context, ports.FeedCursor, int) (ports.FeedPage, error) {
	return ports.FeedPage{}, errors.New(strings.Repeat("long ", 1_000))
}

func TestAnErrorIsInTheSpanCutShort(t *testing.T) {
	tracer, spans := recorder(t, 1)
	_, _ = tracer.Feed(failingFeed{}).Changes(t.Context(), "", 1)
	got := spans.Ended()
	if len(got) != 1 || got[0].Name() != "feed poll" || got[0].Status().Code != codes.Error ||
		len(got[0].Status().Description) != longestText {
		t.Errorf("spans %v", got)
	}
}

type flaky struct {
	sdk.SpanExporter
	err error
}

func (f *flaky) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return f.err }

func TestDeliveriesThatFailAreReportedOnce(t *testing.T) {
	var reports []bool
	exporter := &flaky{}
	r := &reporting{SpanExporter: exporter, changed: func(cause error) { reports = append(reports, cause != nil) }}
	for _, err := range []error{nil, errors.New("away"), errors.New("away"), nil, nil} {
		exporter.err = err
		if err := r.ExportSpans(t.Context(), nil); err != nil {
			t.Errorf("returned %v, which the library prints", err)
		}
	}
	if diff := cmp.Diff([]bool{true, false}, reports); diff != "" {
		t.Errorf("reports of failure (-want +got):\n%s", diff)
	}
}
