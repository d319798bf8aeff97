package cached

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"
)

// flights lets concurrent misses for one key share one load. A load runs on a context of its own: a caller that gives up
// leaves the others unharmed.
type flights struct {
	group singleflight.Group
}

// landed is what a flight has brought.
type landed struct {
	rec       *record
	elsewhere bool
}

// do runs load, or joins the run that is under way for the key. Joined says that somebody else loaded: another caller, or,
// as load itself says, another process.
func (f *flights) do(
	ctx context.Context, key string, timeout time.Duration, load func(context.Context) (*record, bool, error),
) (rec *record, joined bool, err error) {
	leader := false
	results := f.group.DoChan(key, func() (any, error) {
		leader = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		rec, elsewhere, err := load(ctx)
		return landed{rec, elsewhere}, err
	})
	select {
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	case result := <-results:
		brought, _ := result.Val.(landed)
		return brought.rec, !leader || brought.elsewhere, result.Err
	}
}
