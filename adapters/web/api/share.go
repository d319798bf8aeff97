package api

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/ports"
)

// shares bounds how many long answers each client has open, so that no client takes all of them.
type shares struct {
	what string // what is counted, in the plural
	each int

	mu   sync.Mutex // guards open
	open map[ports.Client]int
}

func newShares(what string, each int) *shares {
	return &shares{what: what, each: each, open: map[ports.Client]int{}}
}

// take reserves one more answer for the client of a request; call release at the end. The error is a 429.
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

// shareRetry is after how many seconds a client with a full share may try again.
const shareRetry = 5

func (s *shares) release(client ports.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[client]--; s.open[client] == 0 {
		delete(s.open, client)
	}
}
