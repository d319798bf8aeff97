package cli

import (
	"bytes"
	"testing"
	"time"
)

// handClock is a time that tests move on.
type handClock struct{ t time.Time }

func (c *handClock) now() time.Time          { return c.t }
func (c *handClock) advance(d time.Duration) { c.t = c.t.Add(d) }

func TestOnATerminalOneLineOverwritesItself(t *testing.T) {
	var out bytes.Buffer
	c := &handClock{time.Unix(0, 0)}
	p := newProgress(&out, true, "rows", c.now)
	p.Update(1, 0.0001) // too early to show anything
	c.advance(2 * time.Second)
	p.Update(5000, 0.25)
	c.advance(50 * time.Millisecond) // too soon after the last
	p.Update(5100, 0.255)
	c.advance(1950 * time.Millisecond)
	p.Update(10000, 0.5)
	c.advance(4 * time.Second)
	p.Update(20000, 1)
	p.Done()
	want := "\r\x1b[K 25 %  5,000 rows, 2,500/s, 6s left" +
		"\r\x1b[K 50 %  10,000 rows, 2,500/s, 4s left" +
		"\r\x1b[K100 %  20,000 rows, 2,500/s, 0s left" +
		"\r\x1b[K20,000 rows in 8s (2,500/s)\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
}

func TestElsewhereAPlainLineEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	c := &handClock{time.Unix(0, 0)}
	p := newProgress(&out, false, "listings", c.now)
	for i := range int64(12) {
		c.advance(time.Second)
		p.Update((i+1)*1000, 0)
	}
	p.Done()
	want := "5,000 listings, 1,000/s\n10,000 listings, 1,000/s\n12,000 listings in 12s (1,000/s)\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestShortWorkShowsOnlyItsResult(t *testing.T) {
	var out bytes.Buffer
	c := &handClock{time.Unix(0, 0)}
	p := newProgress(&out, false, "rows", c.now)
	p.Update(3, 1)
	p.Done()
	if want := "3 rows in 0s (0/s)\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestTimesAreRoundedToWhatMatters(t *testing.T) {
	for d, want := range map[time.Duration]string{
		480123 * time.Microsecond: "480ms", 12345 * time.Millisecond: "12s", 200 * time.Second: "3m20s",
		65*time.Minute + 31*time.Second: "1h6m", 2 * time.Hour: "2h",
	} {
		if got := roundedTime(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
