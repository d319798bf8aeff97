package follow

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func TestTheJanitorRemovesExpiredSessionsAndNoOthers(t *testing.T) {
	listings := memory.NewPropertyRepository(time.Now)
	sessions := memory.NewSessionRepository(memory.NewAccountRepository())
	expired, open := access.HashSecret("expired"), access.HashSecret("open")
	for hash, expires := range map[string]time.Time{expired: time.Now().Add(-time.Second), open: time.Now().
		Add(time.Hour)} {
		if err := sessions.SaveSession(t.Context(), hash, "", nil, expires); err != nil {
			t.Fatal(err)
		}
	}
	core, logs := observer.New(zap.InfoLevel)
	j := &Janitor{Log: zap.New(core), Duties: []Duty{
		{"old changes", memory.NewChangeFeed(listings).Prune, time.Hour}, {"expired sessions", sessions.PruneSessions, 0},
	}}
	j.clean(t.Context())
	if _, _, err := sessions.FindSession(t.Context(), expired); err == nil {
		t.Error("the expired session is still there")
	}
	if _, _, err := sessions.FindSession(t.Context(), open); err != nil {
		t.Errorf("the open session: %v", err)
	}
	if logs.Len() != 1 || logs.All()[0].Message != "expired records removed" {
		t.Errorf("logged %v", logs.All())
	}
}

// Changes are stored as long as configured, to the moment, and removed soon after that. A reader that is still behind
// them receives an error.
func TestTheJanitorRemovesChangesThatHaveBeenStoredLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const retention = 24 * time.Hour
		listings := memory.NewPropertyRepository(time.Now)
		feed := memory.NewChangeFeed(listings)
		core, logs := observer.New(zap.InfoLevel)
		j := &Janitor{Log: zap.New(core), Duties: []Duty{{"old changes", feed.Prune, retention}}}
		add := func(n byte) {
			p, err := property.New(property.ID{15: n}, property.Details{Title: "House", Location: "Leeds", Currency: "USD"},
				time.Now())
			if err == nil {
				_, err = listings.Create(t.Context(), p, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		wantKept := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			page, err := feed.Changes(t.Context(), "", 10)
			if err != nil || len(page.Changes) != want {
				t.Fatalf("%s %d changes are stored, error %v", when, len(page.Changes), err)
			}
		}
		add(1)
		before, _, err := feed.Head(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		add(2)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { j.Run(ctx) })
		defer running.Wait()
		defer cancel()
		time.Sleep(time.Hour)
		add(3)
		time.Sleep(retention - time.Hour)
		wantKept("when the first two have been stored for a day", 3)
		time.Sleep(janitorPause)
		wantKept("a little later", 1)
		if _, err := feed.Changes(t.Context(), before, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
			t.Errorf("who is behind what was removed receives %v", err)
		}
		time.Sleep(time.Hour)
		wantKept("another hour later", 0)
		if l := logs.FilterMessage("expired records removed").All(); len(l) != 2 || l[0].ContextMap()["removed"] != int64(2) {
			t.Errorf("logged %v", l)
		}
	})
}

// What may be stored for a minute is not stored for ten.
func TestTheJanitorComesAsOftenAsTheShortestRetentionNeeds(t *testing.T) {
	for _, c := range []struct {
		retentions []time.Duration
		want       time.Duration
	}{
		{[]time.Duration{7 * 24 * time.Hour, 7 * 24 * time.Hour, 0}, 10 * time.Minute},
		{[]time.Duration{7 * 24 * time.Hour, time.Hour, 0}, 6 * time.Minute},
		{[]time.Duration{time.Minute, 24 * time.Hour, 0}, 6 * time.Second},
		{[]time.Duration{time.Millisecond, time.Hour, 0}, time.Second},
		{[]time.Duration{0}, 10 * time.Minute},
	} {
		j := &Janitor{}
		for _, retention := range c.retentions {
			j.Duties = append(j.Duties, Duty{Retention: retention})
		}
		if got := j.pause(); got != c.want {
			t.Errorf("retentions %v: a round each %v, want %v", c.retentions, got, c.want)
		}
	}
}

// Each kind of thing has a retention of its own, and is gone a tenth of the shortest one later at the latest.
func TestChangesAndIdempotencyKeysAreRemovedEachAtItsOwnAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listings := memory.NewPropertyRepository(time.Now)
		feed := memory.NewChangeFeed(listings)
		j := &Janitor{Log: zap.NewNop(), Duties: []Duty{
			{"old changes", feed.Prune, time.Minute}, {"old idempotency keys", listings.PruneIdempotencyKeys, time.Hour},
		}}
		create := func(n byte) bool {
			t.Helper()
			p, err := property.New(property.ID{15: n},
				property.Details{Title: "House", Location: "Leeds", Currency: "USD"}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			creation, err := listings.Create(t.Context(), p, &ports.IdempotencyKey{Owner: "o", Key: "k", Request: "r"})
			if err != nil {
				t.Fatal(err)
			}
			return creation.Replayed
		}
		create(1)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { j.Run(ctx) })
		defer running.Wait()
		defer cancel()
		time.Sleep(time.Minute + 7*time.Second)
		if page, err := feed.Changes(t.Context(), "", 10); err != nil || len(page.Changes) != 0 {
			t.Errorf("a change is stored for more than a tenth over its minute: %d, %v", len(page.Changes), err)
		}
		time.Sleep(58 * time.Minute)
		if !create(2) {
			t.Error("a key of less than an hour is forgotten")
		}
		time.Sleep(time.Minute)
		if create(3) {
			t.Error("a key of more than an hour is remembered")
		}
	})
}
