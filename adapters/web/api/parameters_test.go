package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/api"
)

func TestEveryUnknownParameterIsNamedInOrder(t *testing.T) {
	router := mux.NewRouter()
	api.New(api.Options{}).Register(router)
	for _, path := range []string{"/v1/changes", "/v1/exports", "/v1/properties/0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11"} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?zoo=1&foo=2&bar=3", nil))
		var problem struct {
			Errors []struct{ Parameter string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != http.StatusBadRequest {
			t.Errorf("%s is answered with %d %s (%v)", path, w.Code, w.Body, err)
		}
		var named []string
		for _, e := range problem.Errors {
			named = append(named, e.Parameter)
		}
		if diff := cmp.Diff([]string{"bar", "foo", "zoo"}, named); diff != "" {
			t.Errorf("%s names (-want +got):\n%s\n%s", path, diff, w.Body)
		}
	}
}
