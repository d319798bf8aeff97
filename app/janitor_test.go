package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestTheJanitorRemovesExpiredSessionsAndNoOthers(t *testing.T) {
	listings := memory.NewPropertyRepository(time.Now)
	sessions := memory.NewSessionRepository(memory.NewAccountRepository())
	expired, open := access.HashSecret("expired"), access.HashSecret("open")
	for hash, expires := range map[string]time.Time{expired: time.Now().Add(-time.Second), open: time.Now().Add(time.Hour)} {
		if err := sessions.SaveSession(t.Context(), hash, "", nil, expires); err != nil {
			t.Fatal(err)
		}
	}
	core, logs := observer.New(zap.InfoLevel)
	j := &janitor{feed: memory.NewChangeFeed(listings), retention: time.Hour, sessions: sessions, log: zap.New(core)}
	j.clean(t.Context())
	if _, _, err := sessions.FindSession(t.Context(), expired); err == nil {
		t.Error("the expired session is still there")
	}
	if _, _, err := sessions.FindSession(t.Context(), open); err != nil {
		t.Errorf("the open session: %v", err)
	}
	if logs.Len() != 1 || logs.All()[0].Message != "removed expired sessions" {
		t.Errorf("logged %v", logs.All())
	}
}

// Changes are kept as long as is configured, to the moment, and removed soon after that; and one who is still behind them is
// told that they are gone.
func TestTheJanitorRemovesChangesThatHaveBeenKeptLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const retention = 24 * time.Hour
		listings := memory.NewPropertyRepository(time.Now)
		feed := memory.NewChangeFeed(listings)
		core, logs := observer.New(zap.InfoLevel)
		j := &janitor{
			feed: feed, retention: retention, log: zap.New(core),
			sessions: memory.NewSessionRepository(memory.NewAccountRepository()),
		}
		add := func(n byte) {
			p, err := property.New(property.ID{15: n}, property.Details{Title: "House", Location: "Leeds", Currency: "USD"}, time.Now())
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
				t.Fatalf("%s %d changes are kept, error %v", when, len(page.Changes), err)
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
		running.Go(func() { j.run(ctx) })
		defer running.Wait()
		defer cancel()
		time.Sleep(time.Hour)
		add(3)
		time.Sleep(retention - time.Hour)
		wantKept("when the first two have been kept for a day", 3)
		time.Sleep(janitorPause)
		wantKept("a little later", 1)
		if _, err := feed.Changes(t.Context(), before, 10); !errors.Is(err, ports.ErrFeedCursorGone) {
			t.Errorf("who is behind what was removed is told %v", err)
		}
		time.Sleep(time.Hour)
		wantKept("another hour later", 0)
		if l := logs.FilterMessage("removed old changes").All(); len(l) != 2 || l[0].ContextMap()["removed"] != int64(2) {
			t.Errorf("logged %v", l)
		}
	})
}
