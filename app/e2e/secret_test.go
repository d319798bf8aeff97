package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
)

func TestAServerNamesACacheThatCannotBeReachedWithoutItsPassword(t *testing.T) {
	database, _ := apptest.Embedded.URLs(t)
	s := apptest.Start(t, database, "redis://gable:topsecret@127.0.0.1:1/0")
	s.Get("/v1/properties").Must(http.StatusOK)
	response, err := http.Get(s.OpsBase + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var ready bytes.Buffer
	_, _ = ready.ReadFrom(response.Body)
	if text := fmt.Sprint(s.Log.All(), ready.String()); strings.Contains(text, "topsecret") ||
		!strings.Contains(text, "127.0.0.1:1") {
		t.Error(text)
	}
}
