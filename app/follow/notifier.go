package follow

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/domain/property"
)

// Notifications wake the other processes that share a database after a commit, so that they need not wait for their
// next poll. Correctness does not depend on them.
type Notifications interface {
	Notify(ctx context.Context) error
	Listen(ctx context.Context, ready, received func()) error
}

// Notifier notifies other processes after this process's own writes: at once after the first, and then at most once
// every notifyGap.
type Notifier struct {
	others Notifications // may be nil: then only this process's own follower is woken
	wake   func()
	log    *zap.Logger
	wrote  chan struct{}
}

const (
	notifyGap = 5 * time.Millisecond
	// notifyLimit bounds one notification; a process that misses it polls.
	notifyLimit = time.Second
	// listenPause is the pause before listening again after a lost connection.
	listenPause = time.Second
)

// NewNotifier makes a notifier that wakes this process's own follower and the other processes after each write.
func NewNotifier(b Notifications, wake func(), log *zap.Logger) *Notifier {
	return &Notifier{others: b, wake: wake, log: log, wrote: make(chan struct{}, 1)}
}

// Observe receives every event; it returns at once.
func (r *Notifier) Observe(events []property.Event) {
	for i := range events {
		if events[i].Origin == property.OriginSelf {
			nudge(r.wrote)
			return
		}
	}
}

// Run notifies until the context ends.
func (r *Notifier) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wrote:
		}
		r.wake()
		if r.others != nil {
			r.notify(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(notifyGap):
		}
	}
}

func (r *Notifier) notify(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, notifyLimit)
	defer cancel()
	if err := r.others.Notify(ctx); err != nil {
		r.log.Debug("cannot notify other processes", zap.Error(err))
	}
}

// Listen wakes the follower at each notification of another process, until the context ends. It listens again after a
// lost connection; a poll finds what was missed meanwhile.
func (r *Notifier) Listen(ctx context.Context) {
	for r.others != nil && ctx.Err() == nil {
		err := r.others.Listen(ctx, r.wake, r.wake)
		if ctx.Err() != nil {
			return
		}
		r.log.Info("cannot listen for notifications, relying on polls", zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}
