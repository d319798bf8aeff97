package porttest

import (
	"context"
	"sync"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

type creator func(context.Context, property.Property, *ports.IdempotencyKey) (ports.Creation, error)

// withCreate replaces Create.
func withCreate(bend func(right repository) creator) func(repository) repository {
	return func(right repository) repository { return altered{PropertyRepository: right, create: bend(right)} }
}

var wrongCreations = []wrongRepository{
	{"idempotency keys are ignored", withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, _ *ports.IdempotencyKey) (ports.Creation, error) {
			return right.Create(ctx, p, nil)
		}
	}), []string{
		"the_same_request_is_replayed", "another_request_is_refused", "one_creation_wins_an_idempotency_key",
		"a_replay_returns_what_was_created",
	}, nil},
	{"owners share their keys", withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			if key != nil {
				key = &ports.IdempotencyKey{Key: key.Key, Request: key.Request}
			}
			return right.Create(ctx, p, key)
		}
	}), []string{"owners_have_their_own_keys"}, nil},
	{"any request is replayed", withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			if key != nil {
				key = &ports.IdempotencyKey{Key: key.Key, Owner: key.Owner}
			}
			return right.Create(ctx, p, key)
		}
	}), []string{"another_request_is_refused"}, nil},
	{"keys are cut", withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			if key != nil {
				key = &ports.IdempotencyKey{Key: key.Key[:min(len(key.Key), 255)], Owner: key.Owner, Request: key.Request}
			}
			return right.Create(ctx, p, key)
		}
	}), []string{"long_keys_are_distinct"}, nil},
	{"a failed creation stores its key", withCreate(func(right repository) creator {
		var stored sync.Map
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			if key == nil {
				return right.Create(ctx, p, nil)
			}
			if request, known := stored.LoadOrStore(key.Owner+key.Key, key.Request); known && request != key.Request {
				return ports.Creation{}, ports.ErrIdempotencyKeyReused
			}
			return right.Create(ctx, p, key)
		}
	}), []string{"a_failed_creation_stores_no_key"}, nil},
	{"a replay returns the present state", withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			creation, err := right.Create(ctx, p, key)
			if !creation.Replayed {
				return creation, err
			}
			now, _, err := right.Find(ctx, creation.Change.ID)
			creation.Change.After = &now
			return creation, err
		}
	}), []string{"a_replay_returns_what_was_created"}, nil},
	{"a replay has a transaction", withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			creation, err := right.Create(ctx, p, key)
			creation.Change.Tx = 7
			return creation, err
		}
	}), []string{"the_same_request_is_replayed", "a_replay_returns_what_was_created"}, nil},
	{"keys are looked up too early", withCreate(func(right repository) creator {
		var inside meeting
		var stored sync.Map
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			if key == nil {
				return right.Create(ctx, p, nil)
			}
			if _, known := stored.Load(*key); known {
				return right.Create(ctx, p, key)
			}
			inside.wait()
			creation, err := right.Create(ctx, p, key)
			if _, known := stored.LoadOrStore(*key, true); known && creation.Replayed {
				return right.Create(ctx, p, nil)
			}
			return creation, err
		}
	}), []string{"one_creation_wins_an_idempotency_key"}, []string{"a_failed_creation_stores_no_key"}},
}
