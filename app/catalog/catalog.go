// Package catalog holds the use cases on listings: create, read, revise, remove, search, import, export. The order of
// steps lives here: check, store, tell. It knows listings and ports and nothing of HTTP, SQL or caches.
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
	DefaultCurrency property.Currency // of listings that name none
	History         ports.ChangeHistory
	// CatchUp returns when this process knows every change committed before the call. A write that finds nothing to do, or
	// cannot be done, because of what another process has done, is answered no sooner: whoever reads here next must see that.
	CatchUp func(context.Context) error
}

// New makes the use cases over a repository. Every committed change is published before the use case returns.
func New(listings ports.PropertyRepository, events ports.EventPublisher, o Options) *Catalog {
	return &Catalog{listings: listings, events: events, options: o}
}

// Get returns one listing; property.ErrNotFound when there is none.
func (c *Catalog) Get(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	return c.listings.Find(ctx, id)
}

// Search returns one page of listings.
func (c *Catalog) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	return c.listings.Search(ctx, s)
}

// History returns what has become of a listing, the newest change first, with who did it: see ports.ChangeHistory.
func (c *Catalog) History(
	ctx context.Context, id property.ID, before int64, limit int,
) (ports.HistoryPage, error) {
	return c.options.History.History(ctx, id, before, limit)
}

// Count returns how many listings match.
func (c *Catalog) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	return c.listings.Count(ctx, f)
}

// Create stores a new listing and returns the committed change, with the listing in After. With an idempotency key (nil
// for none), a repetition of the same request commits nothing: the change has no Op, and After is the listing as first
// created. Errors: *property.InvalidError, property.ErrReferenceTaken, ports.ErrIdempotencyKeyReused.
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
		return unchanged(creation.Change.After), c.acknowledge(ctx)
	}
	c.publish(ctx, creation.Change)
	return creation.Change, nil
}

// unchanged is the change of a write that commits nothing and finds the listing so.
func unchanged(p *property.Property) property.Change { return property.Change{ID: p.ID, After: p} }

// acknowledge makes sure that this process shows what it is about to acknowledge, where somebody else may have written it.
func (c *Catalog) acknowledge(ctx context.Context) error {
	if err := c.options.CatchUp(ctx); err != nil {
		return fmt.Errorf("acknowledge what is stored already: %w", err)
	}
	return nil
}

// admit makes sure that this process shows why a write is refused, where that is what somebody else has written: or who
// is told to read the listing again would find it as it was.
func (c *Catalog) admit(ctx context.Context, refusal error) error {
	if errors.Is(refusal, property.ErrNotFound) || errors.Is(refusal, property.ErrVersionConflict) {
		if err := c.options.CatchUp(ctx); err != nil {
			return fmt.Errorf("make sure of what stands against it: %w", err)
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

// maxAttempts bounds how often a revision without an expected version starts over because somebody else was faster.
const maxAttempts = 5

// Revise replaces the details of a listing by what edit makes of them and returns the committed change. A revision that
// changes nothing commits nothing: the change has no Op, and After is the listing as it is. Expected reports whether the caller is willing to change the listing in this state; nil
// is any. A version alone does not name a state: a table that is loaded anew has its versions a second time. Errors:
// property.ErrNotFound, property.ErrVersionConflict (the state is not an expected one, or others went on changing it),
// property.ErrReferenceTaken, *property.InvalidError, and edit's own.
func (c *Catalog) Revise(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
	edit func(property.Details) (property.Details, error),
) (property.Change, error) {
	for range maxAttempts {
		change, err := c.reviseOnce(ctx, id, expected, edit)
		if !errors.Is(err, property.ErrVersionConflict) || expected != nil {
			return change, c.admit(ctx, err)
		}
	}
	return property.Change{}, c.admit(ctx, fmt.Errorf("revise listing %s: %w", id, property.ErrVersionConflict))
}

func (c *Catalog) reviseOnce(
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
	revised, err := current.Revise(c.withCurrency(details))
	if err != nil {
		return property.Change{}, err
	}
	if revised.Details.Equal(current.Details) {
		return unchanged(&revised), c.acknowledge(ctx)
	}
	change, err := c.listings.Update(ctx, revised)
	if err != nil {
		return property.Change{}, fmt.Errorf("revise listing %s: %w", id, err)
	}
	c.publish(ctx, change)
	return change, nil
}

// current reads the listing from the store itself, past every cache, and checks its state. That its version still
// holds when the change is written is for the store to see.
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

// Remove deletes a listing, if it is in an expected state (nil: whatever its state), and returns the committed change.
// Errors: property.ErrNotFound, property.ErrVersionConflict.
func (c *Catalog) Remove(
	ctx context.Context, id property.ID, expected func(*property.Property) bool,
) (property.Change, error) {
	change, err := c.remove(ctx, id, expected)
	return change, c.admit(ctx, err)
}

func (c *Catalog) remove(
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
		return property.Change{}, fmt.Errorf("remove listing %s: %w", id, err)
	}
	c.publish(ctx, change)
	return change, nil
}

// Export calls yield with every listing that matches, in the search's order, whatever its window. It reads page by page:
// a listing whose place in the order changes meanwhile may come twice or not at all; by creation time none does. An error
// of yield ends it.
func (c *Catalog) Export(ctx context.Context, s property.Search, yield func(*property.Property) error) error {
	ctx = ports.WithReadOptions(ctx, ports.ReadOptions{Uncached: true})
	s.Limit, s.After = property.MaxLimit, property.Optional[property.Place]{}
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

// publish publishes this process's own changes in this process, after their commit.
func (c *Catalog) publish(ctx context.Context, changes ...property.Change) {
	events := make([]property.Event, len(changes))
	for i, change := range changes {
		events[i] = property.Event{Change: change, Origin: property.OriginSelf}
	}
	c.events.Publish(ctx, events...)
}
