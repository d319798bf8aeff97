package bunstore_test

import (
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
)

func TestABusyDatabaseStillSaysThatItAnswers(t *testing.T) {
	for _, kind := range databases[:2] { // in memory there is one connection for everything
		t.Run(kind.name, func(t *testing.T) {
			db := open(t, kind.url(t))
			readers(t, db)
			if err := db.Ping(t.Context()); err != nil {
				t.Errorf("with every connection in use: %v", err)
			}
			if err := db.CheckSchema(t.Context()); err != nil {
				t.Errorf("the schema, with every connection in use: %v", err)
			}
		})
	}
}

func TestTheBoundOnConnectionsIncludesThoseForExpensiveQuestions(t *testing.T) {
	for _, kind := range databases[:2] {
		t.Run(kind.name, func(t *testing.T) {
			db, err := bunstore.Open(t.Context(), bunstore.Options{URL: kind.url(t), MaxConns: 16})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if got := db.Stats().MaxOpenConnections; got != 16 {
				t.Errorf("up to %d connections may be open, want 16", got)
			}
		})
	}
}
