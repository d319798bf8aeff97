package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
)

// Question is what a request for listings asks, in the terms of the caches.
type Question struct {
	Key    string           // of the view cache
	Search *property.Search // nil when one listing is asked for
	Item   property.ID      // the listing
	Count  bool             // the search also asks how many listings match
}

// ErrNoQuestion reports an address that is neither a search nor a listing.
var ErrNoQuestion = errors.New("neither a search nor a listing of the API")

// ParseQuestion reads the address of a search or a listing, a path or a whole URL, as a request for it would be read.
// The error is ErrNoQuestion, or a sentence about what is wrong with the question.
func ParseQuestion(address string) (Question, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Question{}, problem.Refuse(problem.InvalidRequest, "This is not an address.")
	}
	r := &http.Request{URL: u}
	if u.Path == searchRoute || u.Path == oldSearchRoute || u.Path == oldSearchRoute+"/" {
		s, err := parseSearch(r)
		if err != nil {
			return Question{}, err
		}
		return Question{Key: s.key(), Search: &s.Search, Count: s.count}, nil
	}
	text, below := strings.CutPrefix(u.Path, searchRoute+"/")
	if !below || text == "" || strings.Contains(text, "/") {
		return Question{}, ErrNoQuestion
	}
	id, err := property.ParseID(text)
	if err != nil {
		return Question{}, problem.Refuse(problem.InvalidID, "The id is not a UUID.")
	}
	if err := refuseParameters(r); err != nil {
		return Question{}, err
	}
	return Question{Key: itemKey + id.String(), Item: id}, nil
}
