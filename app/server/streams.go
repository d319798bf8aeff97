package server

import (
	"context"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/app/follow"
	"github.com/gable-listings/gable/ports"
)

// streamedFeed is the live feed as the API's event streams read it.
type streamedFeed struct{ *follow.LiveFeed }

// Follow implements api.LiveFeed.
func (f streamedFeed) Follow(ctx context.Context, after ports.FeedCursor, limit int) (api.EventPage, error) {
	if page, ok := f.Recent(after, limit); ok && ctx.Err() == nil {
		return api.EventPage{Events: page.Text(), Next: page.Next, More: page.More, Shared: true}, nil
	}
	page, err := f.Changes(ctx, after, limit)
	if err != nil {
		return api.EventPage{}, err
	}
	return api.Events(&page), nil
}

// encodeEvents writes the changes of a page as events.
func encodeEvents(page *ports.FeedPage) []byte { return api.Events(page).Events }
