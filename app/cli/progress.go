package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/gable-listings/gable/app/config"
)

// Pauses between lines of progress: short on a terminal, long enough elsewhere not to fill a log.
const (
	terminalPause = 100 * time.Millisecond
	plainPause    = 5 * time.Second
)

// progress shows how far long work has come: the count, the rate and the remaining time. On a terminal it is one line
// that overwrites itself, elsewhere a plain line every few seconds. Not safe for concurrent use.
type progress struct {
	w        io.Writer
	terminal bool
	noun     string // what is counted, in the plural: "rows"
	now      func() time.Time
	began    time.Time
	shown    time.Time
	count    int64
}

// newProgress starts the measurement. It shows nothing before the first pause is over.
func newProgress(w io.Writer, terminal bool, noun string, now func() time.Time) *progress {
	began := now()
	return &progress{w: w, terminal: terminal, noun: noun, now: now, began: began, shown: began}
}

// Update sets the count of finished things and the finished fraction of the work (0 to 1), which is 0 when unknown.
func (p *progress) Update(count int64, fraction float64) {
	p.count = count
	now, pause := p.now(), plainPause
	if p.terminal {
		pause = terminalPause
	}
	if now.Sub(p.shown) < pause {
		return
	}
	p.shown = now
	p.show(p.line(now, fraction))
}

// Done shows the final count, the time taken and the mean rate. The count is right after an early stop too.
func (p *progress) Done() {
	took := p.now().Sub(p.began)
	p.show(fmt.Sprintf("%s %s in %s (%s)", humanize.Comma(p.count), p.noun, roundedTime(took), p.rate(took)))
	if p.terminal {
		fmt.Fprintln(p.w)
	}
}

// show overwrites the terminal's line, or writes a line of its own. It ignores errors of the writer, so they do not
// stop the work.
func (p *progress) show(line string) {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K"+line)
		return
	}
	fmt.Fprintln(p.w, line)
}

func (p *progress) line(now time.Time, fraction float64) string {
	took := now.Sub(p.began)
	line := fmt.Sprintf("%s %s, %s", humanize.Comma(p.count), p.noun, p.rate(took))
	if fraction <= 0 {
		return line
	}
	fraction = min(fraction, 1)
	left := time.Duration(float64(took) * (1 - fraction) / fraction)
	return fmt.Sprintf("%3.0f %%  %s, %s left", 100*fraction, line, roundedTime(left))
}

func (p *progress) rate(took time.Duration) string {
	if took <= 0 {
		return "0/s"
	}
	return humanize.Comma(int64(float64(p.count)/took.Seconds())) + "/s"
}

// roundedTime formats a duration with at most two units: 480ms, 12s, 3m20s, 1h5m.
func roundedTime(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Hour:
		return config.ShortDuration(d.Round(time.Second))
	default:
		return config.ShortDuration(d.Round(time.Minute))
	}
}
