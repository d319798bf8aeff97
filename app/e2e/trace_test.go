package e2e

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/config"
)

// collector receives traces by OTLP over HTTP.
type collector struct {
	*httptest.Server

	mu    sync.Mutex
	spans []*tracepb.Span // guarded by mu
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var delivered v1.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &delivered) != nil {
			t.Errorf("unexpected request to %s (%v)", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range delivered.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// paths returns the spans of a trace, each with those above it: "GET /v1/properties > view cache (hit)".
func (c *collector) paths(trace string) (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	byID := map[string]*tracepb.Span{}
	for _, s := range c.spans {
		byID[string(s.SpanId)] = s
	}
	var path func(s *tracepb.Span) string
	path = func(s *tracepb.Span) string {
		text := s.Name
		for _, a := range s.Attributes {
			if a.Key == "gable.outcome" {
				text += " (" + a.Value.GetStringValue() + ")"
			}
		}
		if above := byID[string(s.ParentSpanId)]; above != nil {
			return path(above) + " > " + text
		}
		return text
	}
	for _, s := range c.spans {
		if trace == "" || hex.EncodeToString(s.TraceId) == trace {
			list = append(list, path(s))
		}
	}
	return list
}

func TestATraceShowsWhatEachLevelDidForARequest(t *testing.T) {
	for _, setup := range []apptest.Setup{apptest.Services, apptest.Embedded} {
		t.Run(setup.Name, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t)
			s := setup.Start(t, func(settings *config.Config) {
				settings.Tracing.Endpoint, settings.Tracing.Ratio = config.URL(c.URL), 1
			})
			trace := func(letter string) string { return strings.Repeat(letter, 32) }
			read := func(path, letter, flags string) {
				t.Helper()
				s.Get(path, "Traceparent", "00-"+trace(letter)+"-00f067aa0ba902b7-"+flags).Must(http.StatusOK)
			}
			id := s.Create(`"title":"Traced","price":"1"`).ID
			read("/v1/properties/"+id, "1", "01")
			read("/v1/properties/"+id, "2", "01")
			read("/v1/properties?count=exact&limit=3", "3", "01")
			read("/v1/properties?limit=4", "4", "00")
			wantExemplar(t, s, trace("1"))
			if n := s.Log.FilterField(zap.String("trace_id", trace("1"))).FilterMessage("request").Len(); n != 1 {
				t.Errorf("%d log lines have the id of the trace", n)
			}
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			const item = "GET /v1/properties/{id} > view cache (miss) > query cache find (miss)"
			wantPaths(t, c.paths(trace("1")),
				"GET /v1/properties/{id}", item, item+" > load find", item+" > load find > SQL SELECT")
			if setup.Name == apptest.Services.Name {
				wantPaths(t, c.paths(trace("1")), item+" > Redis GETRANGE", item+" > Redis SET")
			}
			hit := []string{"GET /v1/properties/{id} > view cache (hit)", "GET /v1/properties/{id}"}
			if got := c.paths(trace("2")); !slices.Equal(got, hit) {
				t.Errorf("a hit has the spans %q, want %q", got, hit)
			}
			const page = "GET /v1/properties > view cache (miss) > query cache "
			wantPaths(t, c.paths(trace("3")), page+"search (miss) > load search > SQL SELECT", page+"count (miss) > load count")
			if got := c.paths(trace("4")); len(got) > 0 {
				t.Errorf("an unsampled request has the spans %q", got)
			}
			poll := "feed poll > SQL SELECT"
			if setup.Name == apptest.Services.Name {
				poll = "feed poll > SQL WITH"
			}
			wantPaths(t, c.paths(""), "feed poll", poll, "POST /v1/properties")
		})
	}
}

func wantPaths(t *testing.T, got []string, want ...string) {
	t.Helper()
	for _, path := range want {
		if !slices.Contains(got, path) {
			slices.Sort(got)
			t.Errorf("no span %q among\n%s", path, strings.Join(slices.Compact(got), "\n"))
		}
	}
}

// wantExemplar fails the test unless the latency histogram refers to the trace.
func wantExemplar(t *testing.T, s *apptest.Server, trace string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.OpsBase+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "gable_http_request_duration_seconds_bucket") &&
			strings.Contains(line, `# {trace_id="`+trace+`"}`) {
			return
		}
	}
	t.Error("no bucket of gable_http_request_duration_seconds has the trace as its exemplar")
}

func TestACollectorThatIsAwayIsLoggedOnceAndHarmsNobody(t *testing.T) {
	c := newCollector(t)
	c.Close()
	s := apptest.Embedded.Start(t, func(settings *config.Config) {
		settings.Tracing.Endpoint, settings.Tracing.Ratio = config.URL(c.URL), 1
	})
	s.Get("/v1/properties").Must(http.StatusOK)
	if err := s.Stop(); err != nil {
		t.Errorf("stop the program: %v", err)
	}
	if n := s.Log.FilterMessage("trace collector unavailable, dropping traces").Len(); n != 1 {
		t.Errorf("%d log lines say so, want 1", n)
	}
}
