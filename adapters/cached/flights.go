package cached

import (
	"context"
	"sync"
	"time"

	"github.com/gable-listings/gable/ports"
)

// flights lets concurrent misses for one key share one load. A load runs on a context of its own: a caller that gives up
// leaves the others unharmed. It ends when the last of them has left, so that the store does no work for nobody.
type flights struct {
	mu    sync.Mutex
	begun map[string]*flight // those that can be joined; guarded by mu
}

// flight is one load.
type flight struct {
	waiting int // callers; guarded by mu. A flight that nobody waits for is not among those begun.
	cancel  context.CancelFunc

	done      chan struct{} // closed at the end; what follows is set before
	rec       *record
	elsewhere bool
	err       error
}

// loading makes an answer; elsewhere says that another process has loaded it.
type loading func(context.Context) (rec *record, elsewhere bool, err error)

// do runs load, or joins the run that is under way for the key. Joined says that somebody else loaded: another caller, or,
// as load itself says, another process.
func (f *flights) do(
	ctx context.Context, key string, timeout time.Duration, load loading,
) (rec *record, joined bool, err error) {
	this, joined := f.board(ctx, key, timeout, load)
	select {
	case <-this.done:
		return this.rec, joined || this.elsewhere, this.err
	case <-ctx.Done():
		f.leave(key, this)
		return nil, false, context.Cause(ctx)
	}
}

// standAside runs a wait for the store, which does not count as work where the reader has a place for waits.
func standAside(options ports.ReadOptions, wait func()) {
	if options.Aside != nil {
		options.Aside(wait)
		return
	}
	wait()
}

// board joins the flight for the key, or begins one.
func (f *flights) board(
	ctx context.Context, key string, timeout time.Duration, load loading,
) (this *flight, joined bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if this = f.begun[key]; this != nil {
		this.waiting++
		return this, true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	this = &flight{waiting: 1, cancel: cancel, done: make(chan struct{})}
	if f.begun == nil {
		f.begun = map[string]*flight{}
	}
	f.begun[key] = this
	go func() {
		defer cancel()
		this.rec, this.elsewhere, this.err = load(ctx)
		f.mu.Lock()
		f.forget(key, this)
		f.mu.Unlock()
		close(this.done)
	}()
	return this, false
}

// leave is called by a caller that gives up. Who comes after the last one begins a flight anew.
func (f *flights) leave(key string, this *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if this.waiting--; this.waiting == 0 {
		f.forget(key, this)
		this.cancel()
	}
}

// forget lets nobody join the flight any more; mu is held.
func (f *flights) forget(key string, this *flight) {
	if f.begun[key] == this {
		delete(f.begun, key)
	}
}
