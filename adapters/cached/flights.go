package cached

import (
	"context"
	"sync"
	"time"

	"github.com/gable-listings/gable/ports"
)

// flights lets concurrent misses for one key share one load. A load has a context of its own, so a caller that gives up
// does not harm the others. The load is canceled when its last caller gives up.
type flights struct {
	mu    sync.Mutex
	begun map[string]*flight // the flights that can be joined; guarded by mu
}

// flight is one load.
type flight struct {
	waiting int // callers; guarded by mu. A flight without callers cannot be joined.
	cancel  context.CancelFunc

	done     chan struct{} // closed at the end; the fields below are set before
	rec      *record
	fromPeer bool
	err      error
}

// loadFunc loads an answer. fromPeer reports that another process loaded it.
type loadFunc func(context.Context) (rec *record, fromPeer bool, err error)

// do runs load, or joins the run that is under way for the key. joined reports that another caller loaded the answer
// or, as load itself reports, another process.
func (f *flights) do(
	ctx context.Context, key string, timeout time.Duration, load loadFunc,
) (rec *record, joined bool, err error) {
	this, joined := f.board(ctx, key, timeout, load)
	select {
	case <-this.done:
		return this.rec, joined || this.fromPeer, this.err
	case <-ctx.Done():
		f.leave(key, this)
		return nil, false, context.Cause(ctx)
	}
}

// standAside runs a wait for the store. The wait does not count as work if the options say how to stand aside.
func standAside(options ports.ReadOptions, wait func()) {
	if options.Aside != nil {
		options.Aside(wait)
		return
	}
	wait()
}

// board joins the flight for the key, or begins one.
func (f *flights) board(
	ctx context.Context, key string, timeout time.Duration, load loadFunc,
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
		this.rec, this.fromPeer, this.err = load(ctx)
		f.mu.Lock()
		f.forget(key, this)
		f.mu.Unlock()
		close(this.done)
	}()
	return this, false
}

// leave is for a caller that gives up. A caller that arrives after the last one has left begins a new flight.
func (f *flights) leave(key string, this *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if this.waiting--; this.waiting == 0 {
		f.forget(key, this)
		this.cancel()
	}
}

// forget makes the flight impossible to join; mu is held.
func (f *flights) forget(key string, this *flight) {
	if f.begun[key] == this {
		delete(f.begun, key)
	}
}
