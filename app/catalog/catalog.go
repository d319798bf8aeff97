// Package catalog holds the use cases on listings: create, read, update, delete, search, import, export. Each checks
// its input, stores the change, and then publishes it. The package knows listings and ports and nothing of HTTP, SQL
// or caches.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Catalog is the use cases. It is safe for concurrent use.
type Catalog struct {
	listings ports.PropertyRepository
	events   ports.EventPublisher
	options  Options
}

// Options of a Catalog; all are required.
type Options struct {
	NewID           func() property.ID
	Now             func() time.Time
	DefaultCurrency property.Currency // of listings without one
	History         ports.ChangeHistory
	// CatchUp returns when this process knows every change committed before the call. A write that is refused or finds
	// nothing to do may owe that to another process; it is answered after CatchUp, so that the next read here shows that
	// process's change.
	CatchUp func(context.Context) error
}

// New makes the use cases over a repository. Every committed change is published before the use case returns.
func New(listings ports.PropertyRepository, events ports.EventPublisher, o Options) *Catalog {
	return &Catalog{listings: listings, events: events, options: o}
}

// Get returns one listing. The error is property.ErrNotFound when it does not exist.
func (c *Catalog) Get(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	return c.listings.Find(ctx, id)
}

// Search returns one page of listings.
func (c *Catalog) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	return c.listings.Search(ctx, s)
}

// History returns the changes of a listing, newest first, with their actors: see ports.ChangeHistory.
func (c *Catalog) History(
	ctx context.Context, id property.ID, before int64, limit int,
) (ports.HistoryPage, error) {
	return c.options.History.History(ctx, id, before, limit)
}

// Count returns how many listings match.
func (c *Catalog) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	return c.listings.Count(ctx, f)
}

// Create stores a new listing and returns the committed change, with the listing in After. The idempotency key may be
// nil. A repetition of the same request with a key commits nothing: the change has no Op, and After is the listing as
// first created. Errors: *property.InvalidError, property.ErrReferenceTaken, ports.ErrIdempotencyKeyReused.
func (c *Catalog) Create(
	ctx context.Context, d property.Details, key *ports.IdempotencyKey,
) (property.Change, error) {
	p, err := property.New(c.options.NewID(), c.withCurrency(d), c.options.Now())
	if err != nil {
		return property.Change{}, err
	}
	creation, err := c.listings.Create(ctx, p, key)
	if err != nil {
		return property.Change{}, fmt.Errorf("create listing: %w", err)
	}
	if creation.Replayed {
		return unchanged(creation.Change.After), c.catchUpBeforeReplay(ctx)
	}
	c.publish(ctx, creation.Change)
	return creation.Change, nil
}

// unchanged returns the change of a write that commits nothing and finds the listing in this state.
func unchanged(p *property.Property) property.Change { return property.Change{ID: p.ID, After: p} }

// catchUpBeforeReplay waits for the change feed before a write that commits nothing is acknowledged. Another process
// may have stored what the write found, and a read here must show it.
func (c *Catalog) catchUpBeforeReplay(ctx context.Context) error {
	if err := c.options.CatchUp(ctx); err != nil {
		return fmt.Errorf("catch up before acknowledging write: %w", err)
	}
	return nil
}

// catchUpBeforeRefusing waits for the change feed before it returns a not-found or a conflict. A client that reads
// the listing again here then sees the change that caused the refusal.
func (c *Catalog) catchUpBeforeRefusing(ctx context.Context, refusal error) error {
	if errors.Is(refusal, property.ErrNotFound) || errors.Is(refusal, property.ErrVersionConflict) {
		if err := c.options.CatchUp(ctx); err != nil {
			return fmt.Errorf("catch up before refusing write: %w", err)
		}
	}
	return refusal
}

func (c *Catalog) withCurrency(d property.Details) property.Details {
	if d.Currency == "" {
		d.Currency = c.options.DefaultCurrency
	}
	return d
}

// maxAttempts bounds how often an update without an expected state starts over after a concurrent change.
const maxAttempts = 5

// Update replaces the details of a listing by the result of edit and returns the committed change. An update that
// changes nothing commits nothing: the change has no Op, and After is the listing as it is. Expected reports whether
// the caller accepts the listing's current state; nil accepts any. A version alone does not identify a state, because
// a table that is loaded anew repeats its versions. Errors: property.ErrNotFound; property.ErrVersionConflict when
// the state is not accepted or concurrent changes win every attempt; property.ErrReferenceTaken,
// *property.InvalidError, and the errors of edit.
func (c *Catalog) Update(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
	edit func(property.Details) (property.Details, error),
) (property.Change, error) {
	for range maxAttempts {
		change, err := c.updateOnce(ctx, id, expected, edit)
		if !errors.Is(err, property.ErrVersionConflict) || expected != nil {
			return change, c.catchUpBeforeRefusing(ctx, err)
		}
	}
	err := fmt.Errorf("update listing %s: %w", id, property.ErrVersionConflict)
	return property.Change{}, c.catchUpBeforeRefusing(ctx, err)
}

func (c *Catalog) updateOnce(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
	edit func(property.Details) (property.Details, error),
) (property.Change, error) {
	current, err := c.current(ctx, id, expected)
	if err != nil {
		return property.Change{}, err
	}
	details, err := edit(current.Details)
	if err != nil {
		return property.Change{}, err
	}
	updated, err := current.Update(c.withCurrency(details))
	if err != nil {
		return property.Change{}, err
	}
	if updated.Details.Equal(current.Details) {
		return unchanged(&updated), c.catchUpBeforeReplay(ctx)
	}
	change, err := c.listings.Update(ctx, updated)
	if err != nil {
		return property.Change{}, fmt.Errorf("update listing %s: %w", id, err)
	}
	c.publish(ctx, change)
	return change, nil
}

// current reads the listing from the store itself, past every cache, and checks its state. The store checks that the
// version still holds when the change is written.
func (c *Catalog) current(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
) (property.Property, error) {
	current, _, err := c.listings.Find(ports.WithReadOptions(ctx, ports.ReadOptions{Uncached: true}), id)
	if err == nil && expected != nil && !expected(&current) {
		err = property.ErrVersionConflict
	}
	if err != nil {
		return property.Property{}, fmt.Errorf("read listing %s: %w", id, err)
	}
	return current, nil
}

// Delete deletes a listing in an expected state and returns the committed change. A nil expected accepts any state.
// Errors: property.ErrNotFound, property.ErrVersionConflict.
func (c *Catalog) Delete(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
) (property.Change, error) {
	change, err := c.deleteExpected(ctx, id, expected)
	return change, c.catchUpBeforeRefusing(ctx, err)
}

func (c *Catalog) deleteExpected(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
) (property.Change, error) {
	version := int64(0)
	if expected != nil {
		current, err := c.current(ctx, id, expected)
		if err != nil {
			return property.Change{}, err
		}
		version = current.Version
	}
	change, err := c.listings.Delete(ctx, id, version)
	if err != nil {
		return property.Change{}, fmt.Errorf("delete listing %s: %w", id, err)
	}
	c.publish(ctx, change)
	return change, nil
}

// Export calls yield for every listing that matches, in the order of the search and regardless of its page window. It
// reads page by page: a listing that moves in the order meanwhile may appear twice or not at all; by creation time
// none moves. An error of yield ends the export.
func (c *Catalog) Export(ctx context.Context, s property.Search, yield func(*property.Property) error) error {
	ctx = ports.WithReadOptions(ctx, ports.ReadOptions{Uncached: true})
	s.Limit, s.After = property.MaxLimit, property.Optional[property.SortPosition]{}
	for {
		page, _, err := c.listings.Search(ctx, &s)
		if err != nil {
			return fmt.Errorf("export listings: %w", err)
		}
		for i := range page.Properties {
			if err := yield(&page.Properties[i]); err != nil {
				return err
			}
		}
		if s.After = s.Next(page); !s.After.Valid {
			return nil
		}
	}
}

// publish publishes this process's own committed changes in this process.
func (c *Catalog) publish(ctx context.Context, changes ...property.Change) {
	events := make([]property.Event, len(changes))
	for i, change := range changes {
		events[i] = property.Event{Change: change, Origin: property.OriginSelf}
	}
	c.events.Publish(ctx, events...)
}
