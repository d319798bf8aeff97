package insight

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/route"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// NewRegistry registers the metrics of the program. Those of the caches, the ledger and the pool are read at each
// scrape.
func NewRegistry(
	db *bunstore.DB, views *viewcache.Cache, query QueryLevel, l *Levels, ledger *freshness.Ledger,
) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		levelCollector{cachestat.LevelView, views.Counters(), ViewLevel{views}.Size},
		levelCollector{cachestat.LevelQuery, query.counters, query.Size},
		gauge("gable_ledger_changes", "Changes in the ledger.",
			func() float64 { return float64(ledger.Figures().Length) }),
		gauge("gable_ledger_bytes", "Weight of the changes in the ledger, in bytes.",
			func() float64 { return float64(ledger.Figures().Bytes) }),
		gauge("gable_ledger_position", "Changes that the ledger has received.",
			func() float64 { return float64(ledger.Position()) }),
		counter("gable_ledger_evicted_total", "Changes that the ledger has evicted for lack of room.",
			func() float64 { return float64(ledger.Figures().Evicted) }),
		gauge("gable_feed_confirmed_seconds", "Seconds since the last completed poll of the change feed began.",
			func() float64 { return time.Since(ledger.ConfirmedAt()).Seconds() }),
		gauge("gable_database_connections_open", "Open connections to the database.",
			func() float64 { return float64(db.Stats().OpenConnections) }),
		gauge("gable_database_connections_in_use", "Connections to the database that are busy.",
			func() float64 { return float64(db.Stats().InUse) }),
		gauge("gable_database_connections_max", "Connections to the database that may be open at once.",
			func() float64 { return float64(db.Stats().MaxOpenConnections) }),
		counter("gable_database_waits_total", "How often a query waited for a connection.",
			func() float64 { return float64(db.Stats().WaitCount) }),
		counter("gable_database_wait_seconds_total", "How long queries waited for a connection, in seconds.",
			func() float64 { return db.Stats().WaitDuration.Seconds() }),
		gauge("gable_cache_circuit_open", "1 while the query cache is bypassed after failures, else 0.",
			func() float64 { return circuit(query.Cache) }),
	)
	for _, each := range l.Each() {
		r.MustRegister(verdictCollector{each})
	}
	return r
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

func counter(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value)
}

// circuit returns 1 while the circuit breaker of a cache blocks calls, or lets only one through as a trial; else 0.
func circuit(cache ports.Cache) float64 {
	if guarded, ok := cache.(interface{ BreakerState() string }); ok && guarded.BreakerState() != "closed" {
		return 1
	}
	return 0
}

// levelCollector collects the metrics of one cache level.
type levelCollector struct {
	level    string
	counters *cachestat.Counters
	size     func(context.Context) (entries, bytes int64)
}

var (
	readsDesc = prometheus.NewDesc("gable_cache_reads_total",
		"Reads by cache level and outcome.", []string{"level", "outcome"}, nil)
	errorsDesc = prometheus.NewDesc("gable_cache_errors_total",
		"Failures of the cache itself; the reads continued without it.", []string{"level"}, nil)
	entriesDesc = prometheus.NewDesc("gable_cache_entries", "Cached entries.", []string{"level"}, nil)
	bytesDesc   = prometheus.NewDesc("gable_cache_bytes", "Size of the cached entries, in bytes.", []string{"level"}, nil)
)

// Describe implements prometheus.Collector: levels share descriptions, so they are checked at each gathering.
func (levelCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (l levelCollector) Collect(out chan<- prometheus.Metric) {
	for _, o := range cachestat.Outcomes() {
		n := float64(l.counters.Of(o))
		out <- prometheus.MustNewConstMetric(readsDesc, prometheus.CounterValue, n, l.level, o.String())
	}
	out <- prometheus.MustNewConstMetric(errorsDesc, prometheus.CounterValue, float64(l.counters.Errors()), l.level)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if entries, bytes := l.size(ctx); entries >= 0 {
		out <- prometheus.MustNewConstMetric(entriesDesc, prometheus.GaugeValue, float64(entries), l.level)
		out <- prometheus.MustNewConstMetric(bytesDesc, prometheus.GaugeValue, float64(bytes), l.level)
	}
}

// verdictCollector collects the results of verifying a level's answers.
type verdictCollector struct{ *Level }

var (
	verifiedDesc = prometheus.NewDesc("gable_verifier_verified_total",
		"Answers of a cache that were compared with the database and found right.", []string{"level"}, nil)
	undecidedDesc = prometheus.NewDesc("gable_verifier_undecided_total",
		"Answers of a cache that could not be compared, because a change came in between or the database did not answer.",
		[]string{"level"}, nil)
	violationsDesc = prometheus.NewDesc("gable_verifier_violations_total",
		"Answers of a cache that were compared with the database and found wrong: each is a defect.", []string{"level"}, nil)
)

// Describe implements prometheus.Collector.
func (verdictCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (v verdictCollector) Collect(out chan<- prometheus.Metric) {
	for desc, n := range map[*prometheus.Desc]uint64{
		verifiedDesc: v.verified.Load(), undecidedDesc: v.undecided.Load(), violationsDesc: v.violations.Load(),
	} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), v.name)
	}
}

// FeedFigures measure the delay of changes through the feed. The delay is from the moment the database recorded a
// change, by its clock and shortly before the commit, to its delivery here.
type FeedFigures struct{ delay prometheus.Histogram }

// NewFeedFigures registers the figures of the change feed.
func NewFeedFigures(r *prometheus.Registry) *FeedFigures {
	f := &FeedFigures{prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "gable_feed_delay_seconds",
		Help:    "From a change in the database to its arrival through the change feed, in seconds.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
	})}
	r.MustRegister(f.delay)
	return f
}

// Observe receives every event.
func (f *FeedFigures) Observe(events []property.Event) {
	now := time.Now()
	for i := range events {
		if events[i].Origin == property.OriginFeed {
			f.delay.Observe(max(0, now.Sub(events[i].Change.At).Seconds()))
		}
	}
}

// totals returns the delays so far.
func (f *FeedFigures) totals() (d distribution) {
	d.add(f.delay)
	return d
}

// RequestFigures count and time requests by route, method and status.
type RequestFigures struct {
	seconds *prometheus.HistogramVec
	bytes   prometheus.Counter
	known   sync.Map // requestLabels to prometheus.Histogram: finding one here is cheaper than hashing its labels
}

type requestLabels struct {
	route, method string
	status        int
}

// NewRequestFigures registers the figures of HTTP requests.
func NewRequestFigures(r *prometheus.Registry) *RequestFigures {
	f := &RequestFigures{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gable_http_request_duration_seconds", Help: "Time to answer a request, in seconds.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gable_http_response_bytes_total", Help: "Bytes of body sent.",
		}),
	}
	r.MustRegister(f.seconds, f.bytes)
	return f
}

// Observe counts and times a request; it is a web.Observe. A request of a recorded trace leaves its id as an exemplar.
func (f *RequestFigures) Observe(
	route, method string, status int, took time.Duration, size int64, traceID string,
) {
	key := requestLabels{route, method, status}
	observer, ok := f.known.Load(key)
	if !ok {
		observer, _ = f.known.LoadOrStore(key, f.seconds.WithLabelValues(route, method, strconv.Itoa(status)))
	}
	if traced, ok := observer.(prometheus.ExemplarObserver); ok && traceID != "" {
		traced.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": traceID})
	} else if h, ok := observer.(prometheus.Histogram); ok {
		h.Observe(took.Seconds())
	}
	f.bytes.Add(float64(size))
}

// requestTotals are the counts and times of the requests so far.
type requestTotals struct {
	answered, failed uint64
	timed            distribution // without streams, exports and other requests without a time limit
}

func (f *RequestFigures) totals() (t requestTotals) {
	var untimed distribution
	f.known.Range(func(key, value any) bool {
		labels, _ := key.(requestLabels)
		histogram, ok := value.(prometheus.Histogram)
		if !ok {
			return true
		}
		into := &t.timed
		if !route.Of(labels.route).Timed() {
			into = &untimed
		}
		n := into.add(histogram)
		t.answered += n
		if labels.status >= http.StatusInternalServerError {
			t.failed += n
		}
		return true
	})
	return t
}

// countedImports counts the records of imports over HTTP by their result.
type countedImports struct {
	api.Files
	records *prometheus.CounterVec
}

// CountImports counts the imports of f in the registry.
func CountImports(f api.Files, r *prometheus.Registry) api.Files {
	counted := countedImports{f, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gable_import_records_total", Help: "Records that imports over HTTP have read, by result.",
	}, []string{"result"})}
	r.MustRegister(counted.records)
	counted.count(property.ImportReport{})
	return counted
}

// Import implements api.Files. Records stored before an error stay stored, and count.
func (c countedImports) Import(ctx context.Context, request api.ImportRequest) (property.ImportReport, error) {
	report, err := c.Files.Import(ctx, request)
	if !request.DryRun {
		c.count(report)
	}
	return report, err
}

func (c countedImports) count(r property.ImportReport) {
	for result, n := range map[string]int{
		"created": r.Created, "updated": r.Updated, "unchanged": r.Unchanged,
		"superseded": r.Superseded, "rejected": r.Rejected,
	} {
		c.records.WithLabelValues(result).Add(float64(n))
	}
}
