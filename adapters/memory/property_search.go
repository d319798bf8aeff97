package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Search implements ports.PropertyRepository.
func (r *PropertyRepository) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, ports.ReadInfo{}, fmt.Errorf("search listings: %w", err)
	}
	rows := r.matching(&s.Filter)
	slices.SortFunc(rows, func(a, b property.Property) int {
		return s.Sort.Compare(s.Sort.PositionOf(&a), s.Sort.PositionOf(&b))
	})
	if after, ok := s.After.Get(); ok {
		rows = slices.DeleteFunc(rows, func(p property.Property) bool {
			return s.Sort.Compare(s.Sort.PositionOf(&p), after) <= 0
		})
	}
	return s.Cut(rows), ports.ReadInfo{}, nil
}

// Count implements ports.PropertyRepository.
func (r *PropertyRepository) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	if err := ctx.Err(); err != nil {
		return 0, ports.ReadInfo{}, fmt.Errorf("count listings: %w", err)
	}
	return int64(len(r.matching(f))), ports.ReadInfo{}, nil
}

func (r *PropertyRepository) matching(f *property.Filter) []property.Property {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var found []property.Property
	for _, row := range r.rows {
		if matches(f, &row) {
			found = append(found, row)
		}
	}
	return found
}

// matches decides the conditions that Filter.Matches leaves open.
func matches(f *property.Filter, p *property.Property) bool {
	if certain := f.Matches(p); certain != property.Maybe {
		return certain == property.Yes
	}
	return f.MatchesFold(p) && matchesNear(f, p)
}

func matchesNear(f *property.Filter, p *property.Property) bool {
	circle, ok := f.Near.Get()
	return !ok || p.Coordinates.Valid && property.DistanceKM(circle.Center, p.Coordinates.Value) <= circle.RadiusKM
}
