package porttest

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

type upserter func(context.Context, []ports.Incoming) ([]ports.Upserted, error)

// withUpsert replaces Upsert.
func withUpsert(bend func(right repository) upserter) func(repository) repository {
	return func(right repository) repository { return altered{PropertyRepository: right, upsert: bend(right)} }
}

var wrongUpserts = []wrongRepository{
	{"a batch is not atomic", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			if len(batch) > ports.MaxBatch {
				return right.Upsert(ctx, batch)
			}
			var all []ports.Upserted
			for i := range batch {
				one, err := right.Upsert(ctx, batch[i:i+1])
				if err != nil {
					return nil, err
				}
				all = append(all, one...)
			}
			return all, ctx.Err()
		}
	}), []string{"upsert_is_all_or_nothing", "upsert_refuses_a_malformed_batch"}, []string{"readers_see_whole_batches"}},
	{"results are in another order", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			result, err := right.Upsert(ctx, batch)
			slices.SortStableFunc(result, func(a,
				b ports.Upserted) int {
				return strings.Compare(string(a.Change.Op), string(b.Change.Op))
			})
			return result, err
		}
	}), []string{"upsert_reports_what_it_did_in_order", "upsert_takes_a_full_batch", likeUpsert, withdraws}, nil},
	{"a known listing gets the new id", withUpsert(func(right repository) upserter {
		var one sync.Mutex
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			one.Lock()
			defer one.Unlock()
			result, err := right.Upsert(ctx, batch)
			for i, u := range result {
				if u.Change.Op == property.OpUpdate && u.Change.ID != batch[i].ID {
					gone, _ := right.Delete(ctx, u.Change.ID, 0)
					p := *u.Change.After
					p.ID, p.CreatedAt = batch[i].ID, batch[i].CreatedAt
					_, _ = right.Create(ctx, p, nil)
					result[i].Change = property.Updated(1, *gone.Before, p)
				}
			}
			return result, err
		}
	}), []string{
		"upsert_keeps_a_known_listings_id", "upsert_reports_what_it_did_in_order", "upsert_retains_what_is_absent",
		likeUpsert, notClaimed, "upsert_adopts_what_has_no_source", "upsert_without_a_claim_moves_a_listing",
		"upsert_offers_again_what_was_withdrawn", withdraws,
	}, []string{"concurrent_upserts_keep_their_promises"}},
	{"an unchanged listing is written again", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			result, err := right.Upsert(ctx, batch)
			for i, u := range result {
				if u.Change.Op == "" {
					stored, _, _ := right.Find(ctx, u.Change.ID)
					result[i].Change, err = right.Update(ctx, stored)
				}
			}
			return result, err
		}
	}), []string{
		"upsert_twice_changes_nothing", "upsert_reports_what_it_did_in_order", "upsert_takes_a_full_batch",
		"upsert_of_absent_fields_alone_changes_nothing", likeUpsert, notClaimed, withdraws,
		"upsert_returns_an_unchanged_listing",
	}, []string{"upsert_notices_every_field", "concurrent_upserts_keep_their_promises"}},
	{"another order of photos goes unnoticed", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			batch = slices.Clone(batch)
			for i := range batch {
				batch[i].Photos = slices.Sorted(slices.Values(batch[i].Photos))
			}
			return right.Upsert(ctx, batch)
		}
	}), []string{"upsert_notices_every_field"}, nil},
	{"an absent field counts as empty", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			batch = slices.Clone(batch)
			for i := range batch {
				batch[i].Absent = 0
			}
			return right.Upsert(ctx, batch)
		}
	}), []string{
		"upsert_retains_what_is_absent", "upsert_of_absent_fields_alone_changes_nothing", likeUpsert,
		"upsert_offers_again_what_was_withdrawn",
	}, nil},
	{"an empty field counts as absent", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			batch = slices.Clone(batch)
			for i := range batch {
				batch[i].Absent |= FieldsNamed("description")
			}
			return right.Upsert(ctx, batch)
		}
	}), []string{"upsert_retains_what_is_absent", "upsert_notices_every_field"}, nil},
	{"the change of a listing with absent fields lacks them", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			result, err := right.Upsert(ctx, batch)
			for i, u := range result {
				if u.Change.After != nil && batch[i].Absent != 0 {
					short := *u.Change.After
					short.Details = batch[i].Details
					result[i].Change.After = &short
				}
			}
			return result, err
		}
	}), []string{"upsert_retains_what_is_absent", likeUpsert}, nil},
	{"an absent value counts as zero", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			batch = slices.Clone(batch)
			for i := range batch {
				batch[i].Bedrooms.Valid = true
			}
			return right.Upsert(ctx, batch)
		}
	}), []string{"upsert_creates_with_the_times_of_the_batch"}, []string{"*"}},
	{"a batch may be of any size", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			if len(batch) <= ports.MaxBatch {
				return right.Upsert(ctx, batch)
			}
			first, _ := right.Upsert(ctx, batch[:ports.MaxBatch])
			rest, err := right.Upsert(ctx, batch[ports.MaxBatch:])
			return append(first, rest...), err
		}
	}), []string{"upsert_refuses_a_malformed_batch"}, nil},
	{"an empty batch is an error", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			if len(batch) == 0 {
				return nil, ports.ErrUnavailable
			}
			return right.Upsert(ctx, batch)
		}
	}), []string{"upsert_takes_an_empty_batch"}, nil},
	{"a full batch is too much", withUpsert(func(right repository) upserter {
		return func(ctx context.Context, batch []ports.Incoming) ([]ports.Upserted, error) {
			if len(batch) == ports.MaxBatch {
				return nil, ports.ErrUnavailable
			}
			return right.Upsert(ctx, batch)
		}
	}), []string{"upsert_takes_a_full_batch"}, nil},
}

// withStored changes a listing before it is created.
func withStored(bend func(*property.Property)) func(repository) repository {
	return withCreate(func(right repository) creator {
		return func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
			bend(&p)
			return right.Create(ctx, p, key)
		}
	})
}

var wrongStores = []wrongRepository{
	{"photos are a set", withStored(func(p *property.Property) {
		p.Photos = slices.Compact(slices.Sorted(slices.Values(p.Photos)))
	}), []string{
		"every_field_comes_back",
	}, []string{"photos_come_back_at_full_length", "stored_values_share_no_memory_with_callers"}},
	{"photos are cut", withStored(func(p *property.Property) {
		p.Photos = p.Photos[:min(len(p.Photos), property.MaxPhotos-1)]
	}), []string{"photos_come_back_at_full_length"}, nil},
	{"prices go through a narrow float", withStored(func(p *property.Property) {
		p.Price = property.Decimal(math.Round(float64(float32(p.Price))))
	}), []string{
		"decimals_are_exact_at_the_extremes",
	}, []string{
		"every_field_comes_back", "prices_are_bounded", "filters_combine", "absent_is_not_zero",
		"prices_order_both_ways",
	}},
	{"areas are whole", withStored(func(p *property.Property) {
		p.AreaM2.Value -= p.AreaM2.Value % 100
	}), []string{"decimals_are_exact_at_the_extremes", "every_field_comes_back", "areas_are_bounded"}, []string{"*"}},
	{"zero is stored as absent", withStored(func(p *property.Property) {
		p.Bedrooms.Valid = p.Bedrooms.Valid && p.Bedrooms.Value != 0
	}), []string{"absent_is_not_zero", "bedrooms_are_bounded"}, append(numberCases, "filters_combine")},
	{"text is tidied", withStored(func(p *property.Property) {
		p.Description = strings.ReplaceAll(p.Description, "\r\n", "\n")
	}), []string{
		"text_comes_back_character_by_character", "every_field_comes_back",
	}, []string{"upsert_twice_changes_nothing"}},
	{"text is cut", withStored(func(p *property.Property) {
		p.Location = p.Location[:min(len(p.Location), property.MaxLocation)]
	}), []string{"text_comes_back_character_by_character"}, nil},
	{"coordinates are rounded", withStored(func(p *property.Property) {
		p.Coordinates.Value.Longitude = math.Round(p.Coordinates.Value.Longitude*1e9) / 1e9
	}), []string{"coordinates_are_exact"}, nil},
	{"times are stored to the millisecond", withStored(func(p *property.Property) {
		p.CreatedAt = p.CreatedAt.Truncate(time.Millisecond)
	}), []string{"times_are_exact_to_the_microsecond", "created_after_excludes_its_bound"}, []string{"*"}},
	{"times are local", func(right repository) repository {
		return altered{PropertyRepository: right, find: func(
			ctx context.Context, id property.ID,
		) (property.Property, ports.ReadInfo, error) {
			p, _, err := right.Find(ctx, id)
			p.UpdatedAt = p.UpdatedAt.In(time.FixedZone("", 3600))
			return p, ports.ReadInfo{}, err
		}}
	}, []string{"times_are_exact_to_the_microsecond"}, []string{"*"}},
	{"photos are shared with the caller", func(right repository) repository {
		var shared sync.Map
		return altered{PropertyRepository: right,
			create: func(ctx context.Context, p property.Property, key *ports.IdempotencyKey) (ports.Creation, error) {
				shared.Store(p.ID, p.Photos)
				return right.Create(ctx, p, key)
			},
			find: func(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
				p, _, err := right.Find(ctx, id)
				if photos, ok := shared.Load(id); ok && p.Version == 1 {
					p.Photos = photos.([]string)
				}
				return p, ports.ReadInfo{}, err
			}}
	}, []string{"stored_values_share_no_memory_with_callers"}, nil},
}
