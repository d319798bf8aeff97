package viewcache

import (
	"sync"

	"github.com/gable-listings/gable/adapters/web/problem"
)

// largeAnswer is the size in bytes below which an answer is not worth counting.
const largeAnswer = 64 << 10

// sending counts the clients that a view is being sent to.
type sending struct {
	mu      sync.Mutex
	clients int    // guarded by mu
	release func() // releases the view's memory; guarded by mu
}

// send is Send for a view. All clients that receive the view at the same time share one reservation.
func (c *Cache) send(v *View) (sent func(), err error) {
	if v.weight() < largeAnswer {
		return func() {}, nil
	}
	v.sending.mu.Lock()
	defer v.sending.mu.Unlock()
	if v.sending.clients == 0 {
		if v.sending.release, err = c.Send(v.weight()); err != nil {
			return nil, err
		}
	}
	v.sending.clients++
	return v.sending.end, nil
}

func (s *sending) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients--; s.clients == 0 {
		s.release()
	}
}

// Send reserves memory for an answer until its client has read it, which may be slow; sent releases it. The error is a
// refusal: large answers already take all the memory that they may.
func (c *Cache) Send(bytes int) (sent func(), err error) {
	if bytes < largeAnswer {
		return func() {}, nil
	}
	n := min(int64(bytes), c.options.MaxSending)
	if !c.sending.TryAcquire(n) {
		return nil, problem.Refuse(problem.Unavailable, "Too many large answers are being sent; try again in a moment.")
	}
	return func() { c.sending.Release(n) }, nil
}
