package tracing

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// repository records the reads of a repository. Writes pass through; their statements have their own spans.
type repository struct {
	ports.PropertyRepository

	trace ports.Trace
	name  string
}

// Repository wraps a repository so that each read has a span. A span is named by the layer, such as "load", and by
// what is read. Its outcome is that of the query cache.
func (t *Tracer) Repository(next ports.PropertyRepository, name string) ports.PropertyRepository {
	if t == nil {
		return next
	}
	return &repository{next, t.Trace(), name}
}

// Find implements ports.PropertyRepository.
func (r *repository) Find(ctx context.Context, id property.ID) (property.Property, ports.ReadInfo, error) {
	return spanned(ctx, r, "find", func(ctx context.Context) (property.Property, ports.ReadInfo, error) {
		return r.PropertyRepository.Find(ctx, id)
	})
}

// Search implements ports.PropertyRepository.
func (r *repository) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	return spanned(ctx, r, "search", func(ctx context.Context) (*property.Page, ports.ReadInfo, error) {
		return r.PropertyRepository.Search(ctx, s)
	})
}

// Count implements ports.PropertyRepository.
func (r *repository) Count(ctx context.Context, f *property.Filter) (int64, ports.ReadInfo, error) {
	return spanned(ctx, r, "count", func(ctx context.Context) (int64, ports.ReadInfo, error) {
		return r.PropertyRepository.Count(ctx, f)
	})
}

// spanned runs a read in a span that records the outcome of the read.
func spanned[T any](
	ctx context.Context, r *repository, verb string, read func(context.Context) (T, ports.ReadInfo, error),
) (T, ports.ReadInfo, error) {
	ctx, end := r.trace(ctx, r.name+" "+verb)
	value, info, err := read(ctx)
	outcome := ""
	if info.Outcome != cachestat.OutcomeNone {
		outcome = info.Outcome.String()
	}
	if errors.Is(err, property.ErrNotFound) {
		end(outcome, nil) // not found is an answer
	} else {
		end(outcome, err)
	}
	return value, info, err
}

// feed records the polls of a change feed, each as a trace of its own.
type feed struct {
	ports.ChangeFeed

	tracer *Tracer
}

// Feed wraps a change feed so that each poll has a span. Polls serve no single request, so each begins a trace.
func (t *Tracer) Feed(next ports.ChangeFeed) ports.ChangeFeed {
	if t == nil {
		return next
	}
	return &feed{next, t}
}

// Changes implements ports.ChangeFeed.
func (f *feed) Changes(ctx context.Context, after ports.FeedCursor, limit int) (ports.FeedPage, error) {
	ctx, span := f.tracer.tracer.Start(ctx, "feed poll")
	page, err := f.ChangeFeed.Changes(ctx, after, limit)
	span.SetAttributes(attribute.Int("gable.changes", len(page.Changes)))
	end(span, err)
	return page, err
}

// Head implements ports.ChangeFeed.
func (f *feed) Head(ctx context.Context, back int) (ports.FeedCursor, freshness.Point, error) {
	ctx, span := f.tracer.tracer.Start(ctx, "feed head")
	cursor, place, err := f.ChangeFeed.Head(ctx, back)
	end(span, err)
	return cursor, place, err
}
