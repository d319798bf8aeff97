package bunstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/bunstore"
	"github.com/gable-listings/gable/adapters/servicetest"
	"github.com/gable-listings/gable/ports"
)

// listener is somebody who listens to the bell of a database; ended gets what ended it.
func listener(t *testing.T, bell *bunstore.Notifications) (heard chan struct{}, ended chan error) {
	t.Helper()
	ready := make(chan struct{})
	heard, ended = make(chan struct{}, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- bell.Listen(ctx, func() { close(ready) }, func() { heard <- struct{}{} })
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("listening ended before it began: %v", err)
	}
	return heard, ended
}

func TestABellIsHeardByOthersAndNotByItself(t *testing.T) {
	url := template.Postgres(t)
	here, there := open(t, url).Notifications(), open(t, url).Notifications()
	own, _ := listener(t, here)
	others, _ := listener(t, there)
	for range 2 {
		if err := here.Notify(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-others
	}
	if err := there.Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-own // had its own rings been heard, they would have come before this one
	if len(own) > 0 {
		t.Error("a bell was heard by itself")
	}
}

func TestABellIsNotHeardInAnotherDatabase(t *testing.T) {
	first, second := template.Postgres(t), template.Postgres(t)
	here, there, next := open(t, first).Notifications(), open(t, second).Notifications(), open(t, second).Notifications()
	heard, _ := listener(t, next)
	if err := errors.Join(here.Notify(t.Context()), there.Notify(t.Context())); err != nil {
		t.Fatal(err)
	}
	<-heard
	if len(heard) > 0 {
		t.Error("the bell of another database was heard")
	}
}

func TestListeningEndsWithTheConnection(t *testing.T) {
	server := servicetest.StartPostgres(t)
	bell := open(t, server.URL()).Notifications()
	_, ended := listener(t, bell)
	server.Kill()
	if err := <-ended; !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("listening to a server that died ends with %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := bell.Notify(ctx); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("ringing the bell of a server that died gives %v", err)
	}
}

// Silence is loss here as well: nothing tells a listener that the way to the server has become a black hole.
func TestAListenerNoticesThatNobodyIsThereAnyMore(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db, err := bunstore.Open(t.Context(), bunstore.Options{URL: server.URL(), QueryTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bell := db.Notifications()
	bell.AskAfter(20 * time.Millisecond)
	heard, ended := listener(t, bell)
	time.Sleep(100 * time.Millisecond) // it asks, and is answered
	if err := open(t, server.URL()).Notifications().Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-heard:
	case err := <-ended:
		t.Fatalf("listening to a server that is quiet ends with %v", err)
	}
	server.Pause()
	defer server.Resume()
	if err := <-ended; !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("listening to a server that is frozen ends with %v", err)
	}
}

func TestSQLiteHasNoBell(t *testing.T) {
	if open(t, "sqlite::memory:").Notifications() != nil {
		t.Error("a file can wake nobody")
	}
}
