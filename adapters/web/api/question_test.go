package api_test

import (
	"errors"
	"testing"

	"github.com/gable-listings/gable/adapters/web/api"
)

func TestAnAddressIsReadAsARequestForItIs(t *testing.T) {
	const id = "0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11"
	for address, want := range map[string]struct {
		key           string
		search, count bool
	}{
		"/v1/properties": {"search?", true, false},
		"/properties":    {"search?", true, false},
		"/properties/":   {"search?", true, false},
		"/v1/properties?max_price=5&kind=land,house": {"search?kind=house,land&max_price=5",
			true, false},
		"https://listings.example/v1/properties?count=exact&kind=land#x": {"search?kind=land&count=exact", true,
			true},
		"/v1/properties?fields=title": {"search?&fields=9", true, false},
		"/v1/properties/" + id:        {"item/" + id, false, false},
		"http://127.0.0.1:8080/v1/properties/0199B3A4-7C1E-7D60-9A3B-5B7F4C2E8D11": {"item/" + id, false, false},
	} {
		q, err := api.ParseQuestion(address)
		if err != nil || q.Key != want.key || (q.Search != nil) != want.search || q.Count != want.count {
			t.Errorf("%s is read as %+v, %v", address, q, err)
		}
		if err == nil && !want.search && q.Item.String() != id {
			t.Errorf("%s asks for %s", address, q.Item)
		}
	}
}

func TestAnAddressThatAsksNothingIsRefused(t *testing.T) {
	for address, want := range map[string]string{
		"/":                  api.ErrNoQuestion.Error(),
		"/listings/1":        api.ErrNoQuestion.Error(),
		"/v1/properties/":    api.ErrNoQuestion.Error(),
		"/v1/cache":          api.ErrNoQuestion.Error(),
		"/v1/properties/1":   "The id is not a UUID.",
		"/v1/properties/a/b": api.ErrNoQuestion.Error(),
		"/v1/properties?min_price=x&limit=0": "min_price must be a decimal number such as 450000 or 2.25, with two " +
			"digits after the point at most, and one more thing is wrong.",
		"/v1/properties?colour=red":                                        "colour is not a search parameter.",
		"/v1/properties/0199b3a4-7c1e-7d60-9a3b-5b7f4c2e8d11?fields=title": "fields is not a parameter of this address.",
		"http://[": "This is not an address.",
	} {
		_, err := api.ParseQuestion(address)
		if err == nil || err.Error() != want {
			t.Errorf("%s is refused with %v, want %q", address, err, want)
		}
		if errors.Is(err, api.ErrNoQuestion) != (want == api.ErrNoQuestion.Error()) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
