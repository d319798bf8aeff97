package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const beganAnew = "wrong answers repeat; the caches begin anew"

func TestTwoWrongAnswersWithinAMinuteStartTheCachesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		var steps string
		step := func(name string) func() { return func() { steps += name + " " } }
		h := &healer{log: zap.New(core), forget: step("forget"), beginAnew: step("anew"),
			catchUp: func(context.Context) error {
				step("poll")()
				return ports.ErrUnavailable
			}}
		for i, c := range []struct {
			after time.Duration
			want  string
		}{
			{0, "poll "},
			{time.Minute, "poll "},
			{59 * time.Second, "forget anew poll "},
			{time.Second, "poll "}, // a beginning has had no time yet
			{time.Second, "forget anew poll "},
			{time.Hour, "poll "},
		} {
			time.Sleep(c.after)
			steps = ""
			if h.heal(t.Context()); steps != c.want {
				t.Errorf("violation %d: %q, want %q", i, steps, c.want)
			}
		}
		if n, polls := logs.FilterMessage(beganAnew).Len(), logs.FilterMessageSnippet("cannot poll").Len(); n != 2 ||
			polls != 6 {
			t.Errorf("%d beginnings and %d failed polls are logged", n, polls)
		}
	})
}

func TestALedgerThatBeginsAnewVouchesForNothingCachedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		id := f.add(2)
		if err := f.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := freshness.NewEntry(f.ledger.Position(), freshness.OnItem(id))
		failing := fmt.Errorf("broken: %w", ports.ErrUnavailable)
		f.feed.bend(func(*ports.FeedPage) error { return failing })
		f.beginAnew()
		if err := f.CatchUp(t.Context()); err == nil {
			t.Fatal("a broken feed was read")
		}
		f.feed.bend(func(*ports.FeedPage) error { return nil })
		if err := f.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if verdict := f.ledger.Check(before); verdict != freshness.Unknown {
			t.Errorf("what was cached before is %v", verdict)
		}
		after := freshness.NewEntry(f.ledger.Position(), freshness.OnItem(id))
		if err := f.CatchUp(t.Context()); err != nil || f.ledger.Check(after) != freshness.Fresh {
			t.Errorf("it begins anew again: %v, %v", f.ledger.Check(after), err)
		}
	})
}

// A wrong answer that is in the view cache, however it has come there, is served until it has been looked at once.
func TestAWrongAnswerHealsByItself(t *testing.T) {
	t.Parallel()
	s := embeddedSetup.start(t, func(c *Config) { c.Freshness.VerifyInterval = 20 * time.Millisecond })
	p := s.create(`"title":"right","price":1`)
	path := itemPath(p.ID)
	forge := func() {
		wrongBody := strings.Replace(s.get(path).must(http.StatusOK).body, `"right"`, `"wrong"`, 1)
		key := s.kept.Explain(path).Key
		wrong := viewcache.Answer{
			ContentType: "application/json", Body: []byte(wrongBody), Route: "/v1/properties/{id}",
			TagPrefix: "1-", TagSuffix: "-" + propertyjson.Shape(),
			Depends: []freshness.Dependency{freshness.OnItem(property.ID{1})},
		}
		s.kept.Keep(key, wrong, s.kept.Position(), func(context.Context) (viewcache.Answer, error) {
			right := wrong
			right.Body = []byte(s.get(path, "Cache-Control", "no-store").must(http.StatusOK).body)
			return right, nil
		})
		if body := s.get(path).body; !strings.Contains(body, "wrong") && s.log.FilterMessage(wrongAnswer).Len() == 0 {
			t.Fatalf("the forged view is not served: %s", body)
		}
	}
	for n := 1; n <= 2; n++ {
		forge()
		s.eventually("the wrong answer is gone", func() bool {
			return strings.Contains(s.get(path).must(http.StatusOK).body, `"right"`) &&
				s.log.FilterMessage(wrongAnswer).Len() == n
		})
		if began := s.log.FilterMessage(beganAnew).Len(); began != n-1 {
			t.Errorf("after %d wrong answers the caches began anew %d times", n, began)
		}
	}
}
