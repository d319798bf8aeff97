package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// missing is the live listings of a source that its records lack. It remembers their references.
type missing struct {
	property.Withdrawal

	catalog *Catalog
	seen    *references
	step    func()

	references []string
	unnamed    []property.ID // without a reference
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
	name := p.Reference
	if name == "" {
		name = p.ID.String()
		m.unnamed = append(m.unnamed, p.ID)
	} else {
		m.references = append(m.references, name)
	}
	if len(m.References) < property.MaxExamples {
		m.References = append(m.References, name)
	}
}

// withdraw withdraws the listings in batches. Those that have been sold, moved to another source or changed their
// reference meanwhile stay as they are.
func (m *missing) withdraw(ctx context.Context, progress func()) error {
	for references := range slices.Chunk(m.references, ports.MaxBatch) {
		m.step()
		if err := m.withdrawBatch(ctx, references); err != nil {
			return fmt.Errorf("withdraw listings of %s: %w", m.Source, err)
		}
		progress()
	}
	result, err := m.catalog.UpdateAll(ctx, m.unnamed, func(d property.Details) (property.Details, error) {
		m.step()
		if d.Source == m.Source && d.Status.Live() && !m.seen.has(d.Reference) {
			d.Status = property.StatusWithdrawn
		}
		return d, nil
	})
	m.Withdrawn += result.Changed
	m.Refused = result.Refused[:min(len(result.Refused), property.MaxExamples)]
	if err != nil {
		return fmt.Errorf("withdraw listings of %s: %w", m.Source, err)
	}
	return nil
}

func (m *missing) withdrawBatch(ctx context.Context, references []string) error {
	batch := make([]ports.Incoming, len(references))
	for i, reference := range references {
		batch[i] = ports.Incoming{Withdrawal: true}
		batch[i].Reference, batch[i].Source = reference, m.Source
	}
	done, err := m.catalog.listings.Upsert(ctx, batch)
	if err != nil {
		return err
	}
	var changes []property.Change
	for i := range done {
		if done[i].Change.Op == property.OpUpdate {
			changes = append(changes, done[i].Change)
		}
	}
	m.Withdrawn += len(changes)
	m.catalog.publish(ctx, changes...)
	return nil
}
