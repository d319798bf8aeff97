package api

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/ports"
)

// shares bounds how many answers without an end in sight each client has open, so that nobody takes all there are.
type shares struct {
	what string // is open, in the plural
	each int

	mu   sync.Mutex // guards open
	open map[ports.Client]int
}

func newShares(what string, each int) *shares {
	return &shares{what: what, each: each, open: map[ports.Client]int{}}
}

// take opens one more for the client of a request; call what it returns at the end. The error is a 429.
func (s *shares) take(w http.ResponseWriter) (release func(), err error) {
	client := ports.Client{}
	if e := exchange.Of(w); e != nil {
		client = e.Counted()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[client] >= s.each {
		w.Header().Set("Retry-After", strconv.Itoa(shareRetry))
		return nil, problem.Refuse(problem.TooManyRequests,
			"A client may have %d %s open, and this one has. Close one, or send an API key of your own.", s.each, s.what)
	}
	s.open[client]++
	return func() { s.release(client) }, nil
}

// shareRetry is in how many seconds a client may try again that has its share open.
const shareRetry = 5

func (s *shares) release(client ports.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[client]--; s.open[client] == 0 {
		delete(s.open, client)
	}
}
