package porttest

import (
	"context"
	"slices"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// withCompare replaces Compare.
func withCompare(bend func(right repository) upserter) func(repository) repository {
	return func(right repository) repository { return altered{PropertyRepository: right, compare: bend(right)} }
}

// withBatch changes the batches of Upsert and Compare.
func withBatch(bend func(*ports.Incoming)) func(repository) repository {
	bent := func(batch []ports.Incoming) []ports.Incoming {
		batch = slices.Clone(batch)
		for i := range batch {
			bend(&batch[i])
		}
		return batch
	}
	return func(right repository) repository {
		return altered{
			PropertyRepository: right,
			upsert: func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
				return right.Upsert(ctx, bent(batch))
			},
			compare: func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
				return right.Compare(ctx, bent(batch))
			},
		}
	}
}

const (
	likeUpsert  = "compare_returns_what_upsert_would"
	notClaimed  = "upsert_leaves_alone_what_it_may_not_claim"
	withdraws   = "upsert_withdraws_live_listings_of_the_source"
	noStatement = "compare_returns_no_transaction"
)

var wrongComparisons = []wrongRepository{
	{"a comparison stores the batch", withCompare(func(right repository) upserter { return right.Upsert }),
		[]string{likeUpsert, noStatement, notClaimed}, []string{"a_cancelled_context_ends_every_call"}},
	{"a comparison ignores what is absent", withCompare(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			batch = slices.Clone(batch)
			for i := range batch {
				batch[i].Absent = 0
			}
			return right.Compare(ctx, batch)
		}
	}), []string{likeUpsert}, nil},
	{"a comparison finds everything new", withCompare(func(repository) upserter {
		return func(_ context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			result := make([]ports.Upserted, len(batch))
			for i := range batch {
				result[i].Change = property.Inserted(0, batch[i].Property)
			}
			return result, nil
		}
	}), []string{
		likeUpsert, noStatement, notClaimed, withdraws,
		"compare_refuses_a_malformed_batch", "a_cancelled_context_ends_every_call",
		"a_passed_deadline_ends_every_call",
	}, nil},
	{"every listing is claimed", withBatch(func(in *ports.Incoming) { in.Claimed = true }),
		[]string{"upsert_without_a_claim_moves_a_listing"}, []string{"*"}},
	{"a claim counts for nothing", withBatch(func(in *ports.Incoming) { in.Claimed = false }),
		[]string{notClaimed}, nil},
	{"every listing is offered", withBatch(func(in *ports.Incoming) { in.Offered = true }),
		[]string{"upsert_offers_again_what_was_withdrawn"}, []string{"*"}},
	{"an offer counts for nothing", withBatch(func(in *ports.Incoming) { in.Offered = false }),
		[]string{"upsert_offers_again_what_was_withdrawn"}, nil},
	{"a withdrawal of what is not stored creates it", withBatch(func(in *ports.Incoming) {
		if in.Reference == "unknown" {
			in.Withdrawal = false
		}
	}), []string{withdraws}, nil},
	{"what is withdrawn may be of any source", withBatch(func(in *ports.Incoming) {
		if in.Reference == "theirs" {
			in.Source = "theirs"
		}
	}), []string{withdraws}, []string{"*"}},
	{"nothing without a source is adopted", func(right repository) repository {
		return altered{PropertyRepository: right, upsert: func(
			ctx context.Context, batch []ports.Incoming,
		) ([]ports.Upserted, error) {
			batch = slices.Clone(batch)
			for i := range batch {
				if batch[i].Claimed {
					batch[i].Absent |= property.SourceField
				}
			}
			return right.Upsert(ctx, batch)
		}}
	}, []string{"upsert_adopts_what_has_no_source"}, nil},
}
