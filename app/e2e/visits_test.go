package e2e

import (
	"context"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// visits is a repository that records the path by which its callers came: the packages on the stack, outermost first.
// A package that calls itself is listed once.
type visits struct {
	ports.PropertyRepository

	mu  sync.Mutex
	way []string
}

func (v *visits) record() {
	frames := runtime.CallersFrames(callers())
	var way []string
	for {
		frame, more := frames.Next()
		if name, own := roomOf(frame); own {
			if name != "app/e2e" && (len(way) == 0 || way[len(way)-1] != name) {
				way = append(way, name)
			}
		}
		if !more {
			break
		}
	}
	slices.Reverse(way)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.way = way
}

// roomOf returns the folder of a function of this program. The folder of the source counts: the compiler names a
// function that it has inlined after its caller.
func roomOf(frame runtime.Frame) (room string, own bool) {
	if !strings.Contains(frame.Function, "gable-listings/gable/") {
		return "", false
	}
	folder := filepath.ToSlash(filepath.Dir(frame.File))
	for _, top := range []string{"/app/", "/adapters/"} {
		if at := strings.LastIndex(folder, top); at >= 0 {
			return folder[at+1:], true
		}
	}
	return "", false
}

func callers() []uintptr {
	pcs := make([]uintptr, 128)
	return pcs[:runtime.Callers(3, pcs)]
}

func (v *visits) last() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.way
}

func (v *visits) Search(ctx context.Context, s *property.Search) (*property.Page, ports.ReadInfo, error) {
	v.record()
	return v.PropertyRepository.Search(ctx, s)
}

func (v *visits) Create(
	ctx context.Context, p property.Property, key *ports.IdempotencyKey,
) (ports.Creation, error) {
	v.record()
	return v.PropertyRepository.Create(ctx, p, key)
}

// The architecture guide shows these two ways. A room that a request enters once more than here is a detour that the
// next reader of the code has to follow. The first read is a miss.
func TestARequestEntersTheRoomsInThisOrder(t *testing.T) {
	v := &visits{}
	c := apptest.Config(t, "sqlite:"+filepath.Join(t.TempDir(), "gable.db"), "memory:")
	s := server.New(c, zap.NewNop(), &server.LogLevel{},
		fx.Decorate(func(store ports.PropertyRepository) ports.PropertyRepository {
			v.PropertyRepository = store
			return v
		}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	apptest.Must(t, s.Start(ctx))
	t.Cleanup(func() { apptest.Must(t, s.Stop(context.WithoutCancel(ctx))) })
	key := apptest.NewKey(t, s.Keys, access.ScopeWrite)
	for _, c := range []struct {
		method, body string
		want         []string
	}{
		{http.MethodGet, "", []string{
			"app/server", "adapters/web", "adapters/web/viewcache", "adapters/web", "adapters/web/route",
			"adapters/web/api", "adapters/web/viewcache", "adapters/web/api", "app/catalog",
		}},
		{http.MethodPost, `{"title":"Cabin","location":"Seattle","price":100}`, []string{
			"app/server", "adapters/web", "adapters/web/viewcache", "adapters/web", "adapters/web/route",
			"adapters/web/api", "app/catalog",
		}},
	} {
		r, err := http.NewRequestWithContext(ctx, c.method, s.Listeners.Public.URL()+"/v1/properties",
			strings.NewReader(c.body))
		apptest.Must(t, err)
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		apptest.Must(t, err)
		if apptest.Must(t, answer.Body.Close()); answer.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: %s", c.method, answer.Status)
		}
		if diff := cmp.Diff(c.want, v.last()); diff != "" {
			t.Errorf("%s enters other rooms (-want +got):\n%s", c.method, diff)
		}
	}
}
