package site

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/ports"
)

// extensions counts the extensions of sessions.
type extensions struct {
	ports.SessionRepository
	made int
	err  error
}

func (e *extensions) ExtendSession(ctx context.Context, hash string, expires time.Time) error {
	e.made++
	if e.err != nil {
		return e.err
	}
	return e.SessionRepository.ExtendSession(ctx, hash, expires)
}

// inSession runs a test with a new session and an idle time of two hours.
func inSession(t *testing.T, test func(t *testing.T, e *extensions, find func(context.Context) bool)) {
	synctest.Test(t, func(t *testing.T) {
		e := &extensions{SessionRepository: memory.NewSessionRepository(memory.NewAccountRepository())}
		store := sessionStore{SessionRepository: e, idle: 2 * time.Hour, log: zap.NewNop()}
		data, err := sessionCodec.Encode(time.Now().Add(sessionLifetime), nil)
		if err == nil {
			err = store.CommitCtx(t.Context(), "token", data, time.Now().Add(sessionLifetime))
		}
		if err != nil {
			t.Fatal(err)
		}
		test(t, e, func(ctx context.Context) bool {
			_, found, err := store.FindCtx(ctx, "token")
			if err != nil {
				t.Error(err)
			}
			return found
		})
	})
}

func TestASessionEndsTwoHoursAfterItsLastUse(t *testing.T) {
	inSession(t, func(t *testing.T, _ *extensions, find func(context.Context) bool) {
		for range 3 {
			if time.Sleep(2*time.Hour - time.Second); !find(t.Context()) {
				t.Fatal("the session ended while it was in use")
			}
		}
		if time.Sleep(2*time.Hour + time.Second); find(t.Context()) {
			t.Error("the session was unused for two hours and has not ended")
		}
	})
}

func TestASessionEndsAfterItsLifetimeHoweverMuchItIsUsed(t *testing.T) {
	inSession(t, func(t *testing.T, _ *extensions, find func(context.Context) bool) {
		began := time.Now()
		for find(t.Context()) {
			time.Sleep(10 * time.Minute)
		}
		if lasted := time.Since(began); lasted != sessionLifetime+10*time.Minute {
			t.Errorf("the session lasted %s", lasted)
		}
	})
}

func TestASessionIsWrittenOnceAMinuteAtMost(t *testing.T) {
	inSession(t, func(t *testing.T, e *extensions, find func(context.Context) bool) {
		for range 3_000 { // five minutes of ten requests a second
			time.Sleep(100 * time.Millisecond)
			find(t.Context())
		}
		if e.made != 5 {
			t.Errorf("the session was written %d times, want 5", e.made)
		}
	})
}

func TestRequestsThatAPageSendsByItselfExtendNoSession(t *testing.T) {
	inSession(t, func(t *testing.T, _ *extensions, find func(context.Context) bool) {
		began := time.Now()
		for find(context.WithValue(t.Context(), unattended{}, true)) {
			time.Sleep(5 * time.Second)
		}
		if lasted := time.Since(began); lasted > 2*time.Hour+5*time.Second {
			t.Errorf("the session lasted %s", lasted)
		}
	})
}

func TestASessionThatCannotBeExtendedIsNotRefused(t *testing.T) {
	inSession(t, func(t *testing.T, e *extensions, find func(context.Context) bool) {
		e.err = ports.ErrUnavailable
		if time.Sleep(time.Hour); !find(t.Context()) || e.made != 1 {
			t.Errorf("the session is refused, after %d attempts to extend it", e.made)
		}
	})
}

func TestBrowsersAreNamedInWords(t *testing.T) {
	const (
		mozilla = "Mozilla/5.0 "
		chrome  = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
		webkit  = "AppleWebKit/605 (KHTML, like Gecko) Version/18 "
	)
	for agent, want := range map[string]string{
		mozilla + "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":               "Firefox on Linux",
		mozilla + "(Windows NT 10.0; Win64) " + chrome + "Safari/537.36 Edg/1":               "Edge on Windows",
		mozilla + "(Macintosh; Intel Mac OS X 10_15) " + webkit + "Safari/605":               "Safari on Mac",
		mozilla + "(Linux; Android 14; Pixel) " + chrome + "Mobile Safari/537":               "Chrome on Android",
		mozilla + "(iPhone; CPU iPhone OS 18 like Mac OS X) " + webkit + "Mobile Safari/604": "Safari on iPhone",
		"curl/8": "Another browser", "": "Another browser",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%s: got %q, want %q", agent, got, want)
		}
	}
}
