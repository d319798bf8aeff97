package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
)

// Question is what a request for listings asks, as the caches know it.
type Question struct {
	Key    string           // of the view cache
	Search *property.Search // nil when one listing is asked for
	Item   property.ID      // that listing
	Count  bool             // the search asks how many listings match, too
}

// ErrNoQuestion says that an address is neither that of a search nor that of a listing.
var ErrNoQuestion = errors.New("neither a search nor a listing of the API")

// ParseQuestion reads the address of a search or a listing, as a path or as a whole URL, in the way in which a request for
// it is read. The error is ErrNoQuestion, or says in a sentence what is wrong with the question.
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
