package insight

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// distribution is the content of a histogram, in seconds.
type distribution struct {
	count  uint64
	sum    float64
	bounds []float64 // the upper ends of the buckets
	upTo   []uint64  // how many are not above each bound
}

// add adds the counts of a histogram and returns how many it had. All added histograms have the same buckets.
func (d *distribution) add(metric prometheus.Metric) uint64 {
	var written dto.Metric
	if metric.Write(&written) != nil {
		return 0 // never: it is a histogram with valid labels
	}
	h := written.GetHistogram()
	if d.bounds == nil {
		for _, b := range h.GetBucket() {
			d.bounds = append(d.bounds, b.GetUpperBound())
		}
		d.upTo = make([]uint64, len(d.bounds))
	}
	d.count += h.GetSampleCount()
	d.sum += h.GetSampleSum()
	for i, b := range h.GetBucket() {
		d.upTo[i] += b.GetCumulativeCount()
	}
	return h.GetSampleCount()
}

// since returns the difference to an earlier state of the same histograms.
func (d distribution) since(before distribution) distribution {
	difference := distribution{d.count - before.count, d.sum - before.sum, d.bounds, make([]uint64, len(d.upTo))}
	for i := range d.upTo {
		difference.upTo[i] = d.upTo[i]
		if i < len(before.upTo) {
			difference.upTo[i] -= before.upTo[i]
		}
	}
	return difference
}

// mean returns the mean in milliseconds; nil for an empty distribution.
func (d distribution) mean() *float64 {
	if d.count == 0 {
		return nil
	}
	return new(inMilliseconds(d.sum / float64(d.count)))
}

// quantile estimates a quantile in milliseconds, as if values were spread evenly in each bucket; nil for an empty
// distribution. Values above the last bound count as that bound.
func (d distribution) quantile(share float64) *float64 {
	if d.count == 0 {
		return nil
	}
	wanted, low, below := share*float64(d.count), 0.0, uint64(0)
	for i, bound := range d.bounds {
		if n := d.upTo[i]; float64(n) >= wanted {
			return new(inMilliseconds(low + (bound-low)*(wanted-float64(below))/float64(n-below)))
		}
		low, below = bound, d.upTo[i]
	}
	return new(inMilliseconds(low))
}

func inMilliseconds(seconds float64) float64 { return seconds * 1e3 }
