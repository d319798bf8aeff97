package rediscache_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gable-listings/gable/adapters/rediscache"
	"github.com/gable-listings/gable/adapters/servicetest"
)

func TestEachCommandIsTracedByItsNameAlone(t *testing.T) {
	var names []string
	var failed []error
	cache := open(t, rediscache.Options{
		URL: servicetest.Redis(t), Timeout: patient,
		Trace: func(ctx context.Context, name string) (context.Context, func(string, error)) {
			names = append(names, name)
			return ctx, func(_ string, err error) { failed = append(failed, err) }
		},
	})
	names, failed = nil, nil
	set(t, cache, "a secret key", "value")
	wantCached(t, cache, "a secret key", "value")
	if _, found, err := cache.Get(t.Context(), "nothing"); found || err != nil {
		t.Fatalf("found %v, error %v", found, err)
	}
	if want := []string{"Redis SET", "Redis GETRANGE", "Redis GETRANGE"}; !slices.Equal(names, want) {
		t.Errorf("traced %q, want %q", names, want)
	}
	if !slices.Equal(failed, []error{nil, nil, nil}) {
		t.Errorf("traced the errors %v", failed)
	}
}
