package follow

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gable-listings/gable/ports"
)

// Changed does not announce a page that was published before the call.
func TestAPageThatIsToldFromMemorySaysThatMoreAreKnown(t *testing.T) {
	live := NewLiveFeed(nil, 1<<30, testEvents)
	for n := range 3 {
		live.publish(readNumber(n, n+1, 1), false)
	}
	for after, more := range map[string]bool{"0": true, "1": true, "2": false} {
		if page, ok := live.lookup(ports.FeedCursor(after)); !ok || page.More != more {
			t.Errorf("behind %s (cached: %t) there is more: %t", after, ok, page.More)
		}
	}
}

// A stream holds no more of the feed at a time than it has asked for.
func TestWhatIsMoreThanAStreamWantsIsReadForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followChanges(t, 100)
		cursor, _, err := f.Live.Head(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		first := f.add(2)
		second := f.add(3)
		f.catchUp()
		page, err := f.stream(cursor, 1)
		if ids := idsIn(page); err != nil || !slices.Equal(ids, []string{first.String()}) || !page.More {
			t.Fatalf("of two changes one is wanted, and returned are %v (more: %t), error %v", ids, page.More, err)
		}
		page, err = f.stream(page.Next, 1)
		if ids := idsIn(page); err != nil || !slices.Equal(ids, []string{second.String()}) || page.More {
			t.Errorf("then are returned %v (more: %t), error %v", ids, page.More, err)
		}
	})
}
