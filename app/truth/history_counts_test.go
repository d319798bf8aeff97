//go:build unix

package truth

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// tally counts what happened in a history.
type tally struct {
	reads  [readKinds]atomic.Int64
	writes atomic.Int64
	hurt   atomic.Bool // a fault is being injected, or the recovery from it is not over
	// finished is when reading and writing ended; 0 before that.
	finished moment

	mu         sync.Mutex // guards the fields below
	silent     map[int]int64
	stale      int64
	faults     map[string]int
	timeline   []string // of the last faults
	violations []string
	violated   int64
	registers  map[string]int
	ages       map[string]*ages
}

func newTally() *tally {
	return &tally{silent: map[int]int64{}, faults: map[string]int{}, registers: map[string]int{}, ages: map[string]*ages{}}
}

// The report has the first violations in full, and the last faults.
const (
	maxViolations = 30
	maxTimeline   = 40
)

func (y *tally) complain(what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.violated++
	if len(y.violations) < maxViolations {
		y.violations = append(y.violations, what)
	}
}

func (y *tally) checked(o *observation) {
	y.reads[o.kind].Add(1)
	if o.stale {
		y.mu.Lock()
		y.stale++
		y.mu.Unlock()
	}
}

func (y *tally) total() (n int64) {
	for i := range y.reads {
		n += y.reads[i].Load()
	}
	return n
}

func (y *tally) wrote() { y.writes.Add(1) }

// unanswered counts an answer that shows nothing, by status, or 0 for a connection that failed.
func (y *tally) unanswered(status int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.silent[status]++
}

func (y *tally) fault(name, process string, from, to moment) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.faults[name]++
	y.timeline = append(y.timeline, fmt.Sprintf("%s to %s: %s (%s)", from.Round(ms), to.Round(ms), name, process))
	y.timeline = y.timeline[max(0, len(y.timeline)-maxTimeline):]
}

func (y *tally) register(result string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.registers[result]++
}

// ages counts the ages of the listings shown, in buckets that grow by a tenth.
type ages struct {
	buckets [200]atomic.Int64 // 0 is for listings that were current
	most    atomic.Int64
}

func (y *tally) aged(level string, age time.Duration) {
	if y.hurt.Load() {
		level += ", under faults"
	}
	y.mu.Lock()
	a := y.ages[level]
	if a == nil {
		a = new(ages)
		y.ages[level] = a
	}
	y.mu.Unlock()
	bucket := 0
	if age > 0 {
		bucket = 1 + min(len(a.buckets)-2, int(math.Log(1+float64(age.Microseconds()))/math.Log(1.1)))
	}
	a.buckets[bucket].Add(1)
	raise(&a.most, int(age))
}

// quantile returns the age that a part of the listings did not exceed, to a tenth.
func (a *ages) quantile(part float64) time.Duration {
	var total, below int64
	for i := range a.buckets {
		total += a.buckets[i].Load()
	}
	for i := range a.buckets {
		below += a.buckets[i].Load()
		if float64(below) >= part*float64(total) {
			if i == 0 {
				return 0
			}
			upper := time.Duration(math.Pow(1.1, float64(i))) * time.Microsecond
			return min(upper, time.Duration(a.most.Load()))
		}
	}
	return time.Duration(a.most.Load())
}

func (a *ages) count() (n int64) {
	for i := range a.buckets {
		n += a.buckets[i].Load()
	}
	return n
}

// report returns everything on one page.
func (y *tally) report(now moment) string {
	took := y.finished
	if took == 0 {
		took = now
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%d checked reads in %s (%.0f/s): ", y.total(), took.Round(time.Second),
		float64(y.total())/took.Seconds())
	for k := range readKinds {
		fmt.Fprintf(&b, "%s %d, ", k, y.reads[k].Load())
	}
	fmt.Fprintf(&b, "labelled stale %d; %d writes\n", y.stale, y.writes.Load())
	fmt.Fprintf(&b, "without an answer, by status (0: connection failed): %v\n"+
		"registers checked for linearizability: %v\nfaults:\n",
		y.silent, y.registers)
	for _, name := range slices.Sorted(maps.Keys(y.faults)) {
		fmt.Fprintf(&b, "  %4d  %s\n", y.faults[name], name)
	}
	fmt.Fprintln(&b,
		"age of the listings in unmarked default answers, since the next version was known to be committed:")
	table := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "level\tlistings\tp50\tp99\tp99.9\tmax\t")
	for _, level := range slices.Sorted(maps.Keys(y.ages)) {
		a := y.ages[level]
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t\n", level, a.count(), brief(a.quantile(0.5)), brief(a.quantile(0.99)),
			brief(a.quantile(0.999)), brief(time.Duration(a.most.Load())))
	}
	_ = table.Flush()
	fmt.Fprintf(&b, "%d violations\n", y.violated)
	if y.violated > 0 {
		fmt.Fprintf(&b, "  %s\nthe last faults:\n  %s\n", strings.Join(y.violations, "\n  "),
			strings.Join(y.timeline, "\n  "))
	}
	return b.String()
}

func brief(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
