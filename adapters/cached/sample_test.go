package cached_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/cached"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/cachestat"
)

// openSampled returns a branch whose answers are verified one by one, and a function that returns the sample of an
// answer from the cache.
func openSampled(t *testing.T) (b *branch, p property.Property, sample func(ask func()) cachestat.Sample) {
	w := newTown(t)
	samples := cachestat.NewSamples()
	b = w.open(0, func(o *cached.Options) { o.Samples = samples })
	p = b.add(1, 10)
	b.catchUp()
	return b, p, func(ask func()) cachestat.Sample {
		t.Helper()
		taken := make(chan cachestat.Sample)
		go func() {
			s, _ := samples.Take(t.Context())
			taken <- s
		}()
		for {
			select {
			case s := <-taken:
				return s
			default:
				ask()
			}
		}
	}
}

func wantFinding(t *testing.T, b *branch, s cachestat.Sample, want cachestat.Verdict) cachestat.Finding {
	t.Helper()
	finding, err := s.Recheck(t.Context(), b.follow)
	if err != nil || finding.Verdict != want {
		t.Fatalf("the second look at %s finds %v (%s), %v; want %v", s.Question, finding.Verdict, finding.Detail, err, want)
	}
	return finding
}

func TestARightAnswerIsVerified(t *testing.T) {
	b, p, sample := openSampled(t)
	for name, ask := range askings {
		s := sample(func() { _, _ = ask(b.shop) })
		t.Log(name, s.Question)
		wantFinding(t, b, s, cachestat.Verified)
	}
	b.price(p, 20)
	wantFinding(t, b, sample(func() { _, _ = b.showing(5) }), cachestat.Verified) // patched
}

func TestAnAnswerThatWasOvertakenIsNoViolation(t *testing.T) {
	for name, change := range map[string]func(b *branch, p property.Property){
		"by a price":     func(b *branch, p property.Property) { b.price(p, 20) },
		"by a removal":   func(b *branch, p property.Property) { b.remove(p) },
		"by others":      func(b *branch, p property.Property) { p.Price = 20; _, _ = b.store.Update(b.t.Context(), p) },
		"back and forth": func(b *branch, p property.Property) { b.price(b.price(p, 20), 10) },
		"by what came after the answer and went before the second look was over": func(b *branch, _ property.Property) {
			p := b.add(2, 10)
			b.store.hook = func(context.Context) error { b.store.hook = nil; b.remove(p); return nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, p, sample := openSampled(t)
			s := sample(func() { _, _ = b.showing(5) })
			change(b, p)
			wantFinding(t, b, s, cachestat.Undecided)
		})
	}
}

func TestAWrongAnswerIsAViolationThatExplainsItself(t *testing.T) {
	b, p, sample := openSampled(t)
	b.store.lie = 5
	s := sample(func() { _, _ = b.showing(5) })
	wantFinding(t, b, s, cachestat.Verified) // with what it received, the cache is right
	b.store.lie = 0
	s = sample(func() { _, _ = b.showing(5) })
	finding := wantFinding(t, b, s, cachestat.Violated)
	if !strings.Contains(finding.Detail, p.ID.String()+"@1") || !strings.Contains(finding.Detail, "position") {
		t.Errorf("the violation is explained by %q", finding.Detail)
	}
}

func TestAWrongAnswerIsGoneAfterItsSecondLook(t *testing.T) {
	for name, ask := range askings {
		t.Run(name, func(t *testing.T) {
			b, _, sample := openSampled(t)
			right, err := ask(b.shop) // of another process, say, whose entry is then lost
			if err != nil {
				t.Fatal(err)
			}
			b.cache.entries, b.store.lie = nil, 5
			s := sample(func() { _, _ = ask(b.shop) })
			b.store.lie = 0
			if got, _ := ask(b.shop); got == right {
				t.Fatal("the answer is not wrong")
			}
			wantFinding(t, b, s, cachestat.Violated)
			if got, err := ask(b.shop); err != nil || got != right {
				t.Errorf("the answer is still %v, %v; want %v", got, err, right)
			}
		})
	}
}

func TestWhatWasLoadedBeforeIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		a, b := w.open(0), w.open(0)
		p := a.add(1, 10)
		a.catchUp()
		b.catchUp()
		a.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		a.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
		b.wantPrice(p.ID, cachestat.OutcomeHit, 10)
		time.Sleep(time.Millisecond)
		b.cached().Forget()
		b.wantPrice(p.ID, cachestat.OutcomeMiss, 10)
		b.wantPage(cheap(5), cachestat.OutcomeMiss, 10)
		b.wantPrice(p.ID, cachestat.OutcomeHit, 10)
		a.wantPrice(p.ID, cachestat.OutcomeHit, 10)
	})
}

func TestNothingIsConcludedWhenTheTruthIsNotKnown(t *testing.T) {
	b, _, sample := openSampled(t)
	s := sample(func() { _, _ = b.showing(5) })
	if _, err := s.Recheck(t.Context(), func(context.Context) error { return errBroken }); err == nil {
		t.Error("without having caught up something is concluded")
	}
	b.store.hook = func(context.Context) error { return errBroken }
	if _, err := s.Recheck(t.Context(), b.follow); err == nil {
		t.Error("without an answer of the store something is concluded")
	}
}
