package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func TestWrongPropertyRestorersAreNoticed(t *testing.T) {
	for _, w := range wrongRestores {
		testWrong(t, w, restoreCases, func(r reporter, bend func(restores) restores) restoreShelf {
			repo := memory.NewPropertyRepository(time.Now)
			return restoreShelf{shelf{r, repo}, bend(restores{repo, repo.Restore, repo.PreviewRestore})}
		})
	}
}

type restorer = func(context.Context, []property.Property) ([]ports.Restored, error)

// restores is a restorer whose methods can be replaced.
type restores struct {
	repo             *memory.PropertyRepository
	restore, compare restorer
}

var _ ports.PropertyRestorer = restores{}

func (r restores) Restore(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	return r.restore(ctx, batch)
}

func (r restores) PreviewRestore(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
	return r.compare(ctx, batch)
}

// withRestore replaces Restore.
func withRestore(
	wrong func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error),
) func(restores) restores {
	return func(right restores) restores {
		return restores{right.repo, func(ctx context.Context, batch []property.Property) ([]ports.Restored, error) {
			return wrong(ctx, right, batch)
		}, right.compare}
	}
}

var wrongRestores = []wrong[restores]{
	{"a restored listing begins at version 1", withRestore(
		func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error) {
			return right.restore(ctx, altering(batch, func(p *property.Property) { p.Version = 1 }))
		}), []string{
		"a_restored_listing_is_as_it_was", "versions_count_on_from_the_restored_one", "versions_never_go_back",
		"a_restored_listing_can_be_restored_again", "a_batch_is_judged_in_its_order", "a_full_batch_is_restored",
		"a_taken_reference_is_refused",
	}, nil},
	{"times are rounded to milliseconds", withRestore(
		func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error) {
			return right.restore(ctx, altering(batch, func(p *property.Property) {
				p.UpdatedAt = p.UpdatedAt.Truncate(time.Millisecond)
			}))
		}), []string{
		"a_restored_listing_can_be_restored_again", "a_batch_is_judged_in_its_order",
		"a_taken_reference_is_refused", "a_restored_listing_is_as_it_was",
	}, []string{"*"}},
	{"a stored listing is updated", withRestore(
		func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error) {
			result, err := right.restore(ctx, batch)
			for i := range result {
				if stored, _, findErr := right.repo.Find(ctx, batch[i].ID); findErr == nil && result[i].Refused != nil {
					stored.Details = batch[i].Details
					_, _ = right.repo.Update(ctx, stored)
				}
			}
			return result, err
		}), []string{"a_stored_listing_is_left_alone", "a_batch_is_judged_in_its_order"}, nil},
	{"one refusal ends the batch", withRestore(
		func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error) {
			result, err := right.compare(ctx, batch)
			for i := range result {
				if result[i].Refused != nil {
					return result, err
				}
			}
			return right.restore(ctx, batch)
		}), []string{"a_taken_reference_is_refused", "a_batch_is_judged_in_its_order"}, nil},
	{"a comparison stores", func(right restores) restores {
		return restores{right.repo, right.restore, right.restore}
	}, []string{"a_comparison_stores_nothing"}, nil},
	{"a batch has no bound", withRestore(
		func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error) {
			var all []ports.Restored
			for i := range batch {
				one, err := right.restore(ctx, batch[i:i+1])
				if err != nil {
					return nil, err
				}
				all = append(all, one...)
			}
			return all, nil
		}), []string{"a_full_batch_is_restored"}, nil},
	{"contexts are ignored", withRestore(
		func(ctx context.Context, right restores, batch []property.Property) ([]ports.Restored, error) {
			return right.restore(context.WithoutCancel(ctx), batch)
		}), []string{"a_cancelled_context_ends_a_restore"}, nil},
}

func altering(batch []property.Property, edit func(*property.Property)) []property.Property {
	altered := make([]property.Property, len(batch))
	for i, p := range batch {
		edit(&p)
		altered[i] = p
	}
	return altered
}
