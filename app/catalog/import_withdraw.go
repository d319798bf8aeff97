package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// missing is the live listings of a source that its records lack. It remembers their ids, 16 bytes each.
type missing struct {
	property.Withdrawal

	catalog *Catalog
	seen    *references
	step    func()
	ids     []property.ID
}

// find looks for the listings.
func (m *missing) find(ctx context.Context) error {
	search := property.Search{
		Filter: property.Filter{Source: m.Source, Statuses: property.LiveStatuses()},
		Sort:   property.Sort{Key: property.SortCreatedAt},
	}
	err := m.catalog.Export(ctx, search, func(p *property.Property) error {
		m.step()
		m.Live++
		if !m.seen.has(p.Reference) {
			m.add(p)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find missing listings of %s: %w", m.Source, err)
	}
	return nil
}

func (m *missing) add(p *property.Property) {
	m.Missing++
	m.ids = append(m.ids, p.ID)
	name := p.Reference
	if name == "" {
		name = p.ID.String()
	}
	if len(m.References) < property.MaxExamples {
		m.References = append(m.References, name)
	}
}

// withdraw withdraws the listings, each as Update does. Those that have been sold, moved to another source or changed
// their reference meanwhile stay as they are.
func (m *missing) withdraw(ctx context.Context, progress func()) error {
	for ids := range slices.Chunk(m.ids, ports.MaxBatch) {
		result, err := m.catalog.UpdateAll(ctx, ids, func(d property.Details) (property.Details, error) {
			m.step()
			if d.Source == m.Source && d.Status.Live() && !m.seen.has(d.Reference) {
				d.Status = property.StatusWithdrawn
			}
			return d, nil
		})
		m.Withdrawn += result.Changed
		shown := min(len(result.Refused), property.MaxExamples-len(m.Refused))
		m.Refused = append(m.Refused, result.Refused[:shown]...)
		if err != nil {
			return fmt.Errorf("withdraw listings of %s: %w", m.Source, err)
		}
		progress()
	}
	return nil
}
