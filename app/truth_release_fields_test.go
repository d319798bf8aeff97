//go:build unix

package main

import (
	"net/http"
	"strings"
	"testing"
)

// keepsWhatItDoesNotKnow changes a listing with the release before, which lacks some of its fields.
func keepsWhatItDoesNotKnow(t *testing.T, old, now *node) {
	t.Helper()
	const list = "/v1/properties?q=unknownfields"
	warm(t, []*node{old, now}, list)
	reference := newPropertyID().String()
	created := now.write(http.MethodPost, "/v1/properties",
		`{"title":"unknownfields","price":2,"location":"Here","reference":"`+reference+`","year_built":1955}`,
		http.StatusCreated)
	wants := func(w written, path, price string) {
		t.Helper()
		r := now.get(path, tokenHeader, w.token).must(http.StatusOK)
		if !strings.Contains(r.body, `"year_built":1955`) || !strings.Contains(r.body, `"price":"`+price+`"`) {
			t.Errorf("%s has lost what the release before does not know (%s): %s", path, r.header.Get("Cache-Status"), r.body)
		}
	}
	wants(created, list, "2.00")
	patched := old.write(http.MethodPatch, itemPath(created.ID), `{"price":3}`, http.StatusOK, "Content-Type", patchType)
	wants(patched, itemPath(created.ID), "3.00")
	wants(patched, list, "3.00")
	imported := old.write(http.MethodPost, "/v1/imports", "reference,title,price,location\n"+reference+
		",unknownfields,4,Here\n", http.StatusOK, "Content-Type", "text/csv")
	wants(imported, itemPath(created.ID), "4.00")
	wants(imported, list+"&min_year_built=1955", "4.00")
	now.remove(created.ID)
}
