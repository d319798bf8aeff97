package web

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A refusal at once invites the next request at once: a flood of those leaves no time for anything else.
func TestARequestWaitsForRoomBeforeItIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := make(chan struct{})
		h, _ := outer(1, 1, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/work" {
				<-work
			}
		})
		var all sync.WaitGroup
		all.Go(func() { statusOf(t, h, "/work") })
		synctest.Wait()
		began := time.Now()
		if got := statusOf(t, h, "/"); got != http.StatusServiceUnavailable || time.Since(began) != admissionWait {
			t.Errorf("without room a request is answered with %d after %s", got, time.Since(began))
		}
		time.AfterFunc(admissionWait/2, func() { close(work) })
		began = time.Now()
		if got := statusOf(t, h, "/"); got != http.StatusOK || time.Since(began) != admissionWait/2 {
			t.Errorf("when there is room in time, a request is answered with %d after %s", got, time.Since(began))
		}
		all.Wait()
	})
}

func TestARequestThatIsGivenUpWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmission(1, 1)
		a.working <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan bool)
		go func() { left <- a.enter(ctx, a.working) }()
		synctest.Wait()
		cancel()
		if entered := <-left; entered || len(a.aside) > 0 {
			t.Errorf("entered: %t; %d still wait", entered, len(a.aside))
		}
	})
}
