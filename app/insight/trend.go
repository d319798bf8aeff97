package insight

import (
	"context"
	"sync"
	"time"

	"github.com/gable-listings/gable/adapters/web/site"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Trend holds samples of the process for the cache page: one every trendPause, for trendSpan. For a longer time,
// scrape the metrics. The samples are made from figures that are counted anyway, so requests do not become slower.
type Trend struct {
	TrendSources

	mu    sync.Mutex
	ring  [trendSpan / trendPause]site.Sample // sample n, from 0, is at n % len; guarded by mu
	taken int                                 // guarded by mu
}

const (
	trendPause = 2 * time.Second
	trendSpan  = 15 * time.Minute
	// trendLimit bounds the query for the sizes of the caches.
	trendLimit = time.Second
)

// TrendSources are the sources of the figures.
type TrendSources struct {
	Levels              *Levels
	ViewSize, QuerySize func(context.Context) (entries, bytes int64)
	Ledger              *freshness.Ledger
	Requests            *RequestFigures
	Feed                *FeedFigures
}

// totals are the counts up to a moment.
type totals struct {
	at          time.Time
	view, query cachestat.Reads[uint64]
	requests    requestTotals
	delay       distribution
	position    freshness.Position
}

// NewTrend makes a trend without samples.
func NewTrend(sources TrendSources) *Trend { return &Trend{TrendSources: sources} }

// Run samples until the context ends.
func (t *Trend) Run(ctx context.Context) {
	ticker := time.NewTicker(trendPause)
	defer ticker.Stop()
	for before := t.totals(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := t.totals()
		t.add(t.sample(ctx, before, now))
		before = now
	}
}

func (t *Trend) add(s site.Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring[t.taken%len(t.ring)] = s
	t.taken++
}

// Since implements site.Trend.
func (t *Trend) Since(moment time.Time) []site.Sample {
	t.mu.Lock()
	defer t.mu.Unlock()
	samples := []site.Sample{}
	for n := max(0, t.taken-len(t.ring)); n < t.taken; n++ {
		if s := t.ring[n%len(t.ring)]; s.At.After(moment) {
			samples = append(samples, s)
		}
	}
	return samples
}

func (t *Trend) totals() totals {
	return totals{
		at: time.Now(), view: t.Levels.View.Counters.Figures().Reads, query: t.Levels.Query.Counters.Figures().Reads,
		requests: t.Requests.totals(), delay: t.Feed.totals(), position: t.Ledger.Position(),
	}
}

func (t *Trend) sample(ctx context.Context, before, now totals) site.Sample {
	ctx, cancel := context.WithTimeout(ctx, trendLimit)
	defer cancel()
	seconds := now.at.Sub(before.at).Seconds()
	view, query := now.view.Since(before.view), now.query.Since(before.query)
	timed, delay := now.requests.timed.since(before.requests.timed), now.delay.since(before.delay)
	return site.Sample{
		At: now.at, Seconds: seconds,
		Requests: float64(now.requests.answered-before.requests.answered) / seconds,
		Failed:   float64(now.requests.failed-before.requests.failed) / seconds,
		MeanMS:   timed.mean(), P99MS: timed.quantile(0.99),
		View:     levelSample(ctx, t.Levels.View, view, seconds, t.ViewSize),
		Query:    levelSample(ctx, t.Levels.Query, query, seconds, t.QuerySize),
		Saved:    float64(view.Answered()+query.Answered()) / seconds,
		Database: float64(query.Loaded()+query[cachestat.OutcomeBypassed]) / seconds,
		Trusted:  t.Ledger.Trusted(now.at), ConfirmedMS: confirmed(t.Ledger, now.at), DelayMS: delay.mean(),
		Changes: float64(now.position-before.position) / seconds, Position: uint64(now.position),
	}
}

func confirmed(ledger *freshness.Ledger, now time.Time) *float64 {
	at := ledger.ConfirmedAt()
	if at.IsZero() {
		return nil
	}
	return new(inMilliseconds(now.Sub(at).Seconds()))
}

func levelSample(
	ctx context.Context, l *Level, reads cachestat.Reads[uint64], seconds float64,
	size func(context.Context) (entries, bytes int64),
) site.LevelSample {
	s := site.LevelSample{
		Reads:    reads.PerSecond(seconds),
		Verified: l.verified.Load(), Undecided: l.undecided.Load(), Violations: l.violations.Load(),
	}
	if reads.Answered()+reads.Loaded() > 0 {
		s.HitRatio = new(reads.HitRatio())
	}
	s.Entries, s.Bytes = size(ctx)
	return s
}
