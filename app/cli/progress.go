package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gable-listings/gable/app/config"
)

// How often progress is shown: often enough to look alive on a terminal, seldom enough not to fill a log.
const (
	terminalPause = 100 * time.Millisecond
	plainPause    = 5 * time.Second
)

// progress tells a person how far long work has come: how many, how fast, how much longer. On a terminal it is one line
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

// newProgress begins to measure. It shows nothing before the first pause is over.
func newProgress(w io.Writer, terminal bool, noun string, now func() time.Time) *progress {
	began := now()
	return &progress{w: w, terminal: terminal, noun: noun, now: now, began: began, shown: began}
}

// Update says that count things are done, which is the given fraction of the whole work (0 to 1), or 0 when nobody knows
// how much there is.
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

// Done shows the final count, the time taken and the mean rate. The work may have stopped early; what is counted is done.
func (p *progress) Done() {
	took := p.now().Sub(p.began)
	p.show(fmt.Sprintf("%s %s in %s (%s)", humanize.Comma(p.count), p.noun, roundedTime(took), p.rate(took)))
	if p.terminal {
		fmt.Fprintln(p.w)
	}
}

// show overwrites the terminal's line, or writes a line of its own. A writer that fails costs the display, not the work.
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

// roundedTime drops what nobody waits for: 480ms, 12s, 3m20s, 1h5m.
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
