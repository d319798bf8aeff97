package viewcache

import (
	"sync"

	"github.com/gable-listings/gable/adapters/web/problem"
)

// largeAnswer is how many bytes an answer takes that is not worth counting.
const largeAnswer = 64 << 10

// sending is how many clients are being sent a view at the moment.
type sending struct {
	mu      sync.Mutex
	clients int    // guarded by mu
	release func() // gives the view's room back; guarded by mu
}

// send is Send for a view, which takes its room once for all who are sent it at the same time.
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

// Send finds room for an answer that takes so many bytes until its client has read it, which may be slow; sent gives
// the room back. The error is a refusal: large answers take all the memory they may already.
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
