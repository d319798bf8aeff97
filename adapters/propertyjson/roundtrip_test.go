package propertyjson_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

func TestEveryFieldComesBackFromItsJSON(t *testing.T) {
	full := porttest.FullListing(t)
	object := propertyjson.Append(nil, &full)
	got, absent, err := propertyjson.DecodeImport(object)
	if err != nil || absent != 0 {
		t.Fatalf("%v; absent %b in %s", err, absent, object)
	}
	if diff := cmp.Diff(full.Details, got); diff != "" {
		t.Errorf("read back: %s", diff)
	}
	bare := property.Details{Title: "T", Location: "L", Currency: "USD", Offer: "sale", Kind: "house", Status: "active"}
	if got, err = propertyjson.Merge(withoutReadOnly(t, object), bare); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full.Details, got); diff != "" {
		t.Errorf("as a patch: %s", diff)
	}
}

// withoutReadOnly returns the object without the members that the service sets.
func withoutReadOnly(t *testing.T, object []byte) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		t.Fatal(err)
	}
	for _, m := range propertyjson.Members() {
		if m.ReadOnly() {
			delete(members, m.String())
		}
	}
	patch, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return patch
}
