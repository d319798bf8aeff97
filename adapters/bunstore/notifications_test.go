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

// listener starts listening to the notifier; ended gets the error that ended it.
func listener(t *testing.T, notifier *bunstore.Notifications) (notified chan struct{}, ended chan error) {
	t.Helper()
	ready := make(chan struct{})
	notified, ended = make(chan struct{}, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- notifier.Listen(ctx, func() { close(ready) }, func() { notified <- struct{}{} })
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("listening ended before it began: %v", err)
	}
	return notified, ended
}

func TestANotificationReachesOthersAndNotItsSender(t *testing.T) {
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
	<-own // its own notifications would have come before this one
	if len(own) > 0 {
		t.Error("a notifier received its own notification")
	}
}

func TestANotificationDoesNotReachAnotherDatabase(t *testing.T) {
	first, second := template.Postgres(t), template.Postgres(t)
	here, there, next := open(t, first).Notifications(), open(t, second).Notifications(), open(t, second).Notifications()
	notified, _ := listener(t, next)
	if err := errors.Join(here.Notify(t.Context()), there.Notify(t.Context())); err != nil {
		t.Fatal(err)
	}
	<-notified
	if len(notified) > 0 {
		t.Error("a notification of another database was received")
	}
}

func TestListeningEndsWithTheConnection(t *testing.T) {
	server := servicetest.StartPostgres(t)
	notifier := open(t, server.URL()).Notifications()
	_, ended := listener(t, notifier)
	server.Kill()
	if err := <-ended; !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("listening to a server that died ends with %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := notifier.Notify(ctx); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("notifying on a server that died gives %v", err)
	}
}

// Without its check a listener would not notice that the way to the server has become a black hole.
func TestAListenerNoticesAFrozenServer(t *testing.T) {
	server := servicetest.StartPostgres(t)
	db, err := bunstore.Open(t.Context(), bunstore.Options{URL: server.URL(), QueryTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	notifier := db.Notifications()
	notifier.CheckAfter(20 * time.Millisecond)
	notified, ended := listener(t, notifier)
	time.Sleep(100 * time.Millisecond) // it checks the server, and gets an answer
	if err := open(t, server.URL()).Notifications().Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-notified:
	case err := <-ended:
		t.Fatalf("listening to a server that is quiet ends with %v", err)
	}
	server.Pause()
	defer server.Resume()
	if err := <-ended; !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("listening to a server that is frozen ends with %v", err)
	}
}

func TestSQLiteHasNoNotifier(t *testing.T) {
	if open(t, "sqlite::memory:").Notifications() != nil {
		t.Error("SQLite has a notifier")
	}
}
