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

// do runs load, or joins the run that is under way for the key; joined says which.
func (f *flights) do(
	ctx context.Context, key string, timeout time.Duration, load func(context.Context) (*record, error),
) (rec *record, joined bool, err error) {
	leader := false
	results := f.group.DoChan(key, func() (any, error) {
		leader = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		return load(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	case result := <-results:
		rec, _ = result.Val.(*record)
		return rec, !leader, result.Err
	}
}
