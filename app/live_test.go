package main

import (
	"testing"
	"testing/synctest"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// Whoever asks for news after a page was told hears nothing of it.
func TestAPageThatIsToldFromMemorySaysThatMoreAreKnown(t *testing.T) {
	live := newLiveFeed(nil)
	for n := range 3 {
		live.tell(readNumber(n, n+1, 1), false)
	}
	for after, more := range map[string]bool{"0": true, "1": true, "2": false} {
		if page, kept := live.kept(ports.FeedCursor(after)); !kept || page.More != more {
			t.Errorf("behind %s (kept: %t) there is more: %t", after, kept, page.More)
		}
	}
}

// A stream holds no more of the feed at a time than it has asked for.
func TestWhatIsMoreThanAStreamWantsIsReadForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		cursor, _, err := f.live.Head(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		first := f.add(2)
		f.add(3)
		f.catchUp()
		page, err := f.live.Follow(t.Context(), cursor, 1)
		if err != nil || len(page.Changes) != 1 || page.Changes[0].ID != first || !page.More {
			t.Fatalf("of two changes one is wanted, and told are %d (more: %t), error %v", len(page.Changes), page.More, err)
		}
		page, err = f.live.Follow(t.Context(), page.Next, 1)
		if err != nil || len(page.Changes) != 1 || page.Changes[0].Op != property.OpInsert || page.More {
			t.Errorf("then are told %d (more: %t), error %v", len(page.Changes), page.More, err)
		}
	})
}
