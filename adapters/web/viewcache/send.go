package viewcache

import "github.com/gable-listings/gable/adapters/web/problem"

// largeAnswer is how many bytes an answer takes that is not worth counting.
const largeAnswer = 64 << 10

// Send finds room for an answer that takes so many bytes until its client has read it, which may be slow; sent gives the
// room back. The error is a refusal: large answers take all the memory they may already.
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
