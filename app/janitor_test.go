package main

import (
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/access"
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
