package apptest

import (
	"slices"
	"testing"
	"time"
)

// Spread is a sample of durations, summed up by its quantiles.
type Spread []time.Duration

// Quantile returns the duration that a share of the sample does not exceed.
func (s Spread) Quantile(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(share*float64(len(s))), len(s)-1)]
}

// Report reports the quantiles in milliseconds, each under a name such as "psql-p99-ms".
func (s Spread) Report(b *testing.B, name string) {
	for _, q := range []struct {
		name  string
		share float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}} {
		b.ReportMetric(Milliseconds(s.Quantile(q.share)), name+"-"+q.name+"-ms")
	}
}

// Milliseconds returns a duration as a number of milliseconds.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
