package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestAServerNamesACacheThatCannotBeReachedWithoutItsPassword(t *testing.T) {
	database, _ := embeddedSetup.urls(t)
	s := startServer(t, database, "redis://gable:topsecret@127.0.0.1:1/0")
	s.get("/v1/properties").must(http.StatusOK)
	response, err := http.Get(s.opsBase + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var ready bytes.Buffer
	_, _ = ready.ReadFrom(response.Body)
	if text := fmt.Sprint(s.log.All(), ready.String()); strings.Contains(text, "topsecret") ||
		!strings.Contains(text, "127.0.0.1:1") {
		t.Error(text)
	}
}
