package bunstore_test

import (
	"net/url"
	"testing"

	"github.com/gable-listings/gable/adapters/servicetest"
)

// A service need not be a superuser: all it needs is a database of its own.
func TestEverythingWorksAsAPlainUser(t *testing.T) {
	server := servicetest.StartPostgres(t)
	super := open(t, server.URL())
	for _, statement := range []string{
		"CREATE ROLE plain LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE", "CREATE DATABASE gable OWNER plain",
	} {
		if _, err := super.Writer().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	address, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	address.User, address.Path = url.User("plain"), "/gable"
	db, other := open(t, address.String()), open(t, address.String())
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := head(t, db)
	p := store(t, db, listing(t, 1))
	commit(t, transaction(t, db, p, "by hand"))
	if got, _ := titles(t, db, start, 10); len(got) != 2 || got[1] != "by hand" {
		t.Errorf("the feed delivers %q", got)
	}
	notified, _ := listener(t, other.Notifications())
	if err := db.Notifications().Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-notified
}
