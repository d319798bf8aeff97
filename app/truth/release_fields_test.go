//go:build unix

package truth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/apptest"
)

// checkUnknownFieldsSurvive changes a listing with the previous release, which lacks some of its fields.
func checkUnknownFieldsSurvive(t *testing.T, old, now *apptest.Node) {
	t.Helper()
	const list = "/v1/properties?q=unknownfields"
	apptest.Warm(t, []*apptest.Node{old, now}, list)
	reference := apptest.NewID().String()
	created := now.Write(http.MethodPost, "/v1/properties",
		`{"title":"unknownfields","price":2,"location":"Here","reference":"`+reference+`","year_built":1955}`,
		http.StatusCreated)
	wants := func(w apptest.Written, path, price string) {
		t.Helper()
		r := now.Get(path, apptest.TokenHeader, w.Token).Must(http.StatusOK)
		if !strings.Contains(r.Body, `"year_built":1955`) || !strings.Contains(r.Body, `"price":"`+price+`"`) {
			t.Errorf("%s has lost a field that the previous release lacks (%s): %s", path, r.Header.Get("Cache-Status"), r.Body)
		}
	}
	wants(created, list, "2.00")
	patched := old.Write(http.MethodPatch, apptest.ItemPath(created.ID), `{"price":3}`, http.StatusOK, "Content-Type",
		apptest.PatchType)
	wants(patched, apptest.ItemPath(created.ID), "3.00")
	wants(patched, list, "3.00")
	imported := old.Write(http.MethodPost, "/v1/imports", "reference,title,price,location\n"+reference+
		",unknownfields,4,Here\n", http.StatusOK, "Content-Type", "text/csv")
	wants(imported, apptest.ItemPath(created.ID), "4.00")
	wants(imported, list+"&min_year_built=1955", "4.00")
	now.Remove(created.ID)
}
