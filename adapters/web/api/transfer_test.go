package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/adapters/web/consistency"
	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gable-listings/gable/ports/cachestat"
)

// slowWork is imports of as many steps as there are lines, each of which takes its time.
type slowWork struct {
	api.Files
	pause time.Duration
}

func (s slowWork) Import(ctx context.Context, request api.ImportRequest) (property.ImportReport, error) {
	body, err := io.ReadAll(request.Body)
	report := property.ImportReport{Read: strings.Count(string(body), "\n")}
	for range report.Read {
		request.Step()
		select {
		case <-time.After(s.pause):
		case <-ctx.Done():
			return report, context.Cause(ctx)
		}
	}
	return report, err
}

type anyKey struct{}

func (anyKey) Authenticate(context.Context, string) (access.Key, error) {
	return access.Key{Name: "importer", Scope: access.ScopeWrite}, nil
}

type deaf struct{}

func (deaf) CatchUp(context.Context) error { return ports.ErrUnavailable }
func (deaf) Now(context.Context) (freshness.Point, error) {
	return freshness.Point{}, ports.ErrUnavailable
}

func TestAnImportIsAnsweredHoweverLongItsWorkTakes(t *testing.T) {
	for _, c := range []struct {
		steps int
		pause time.Duration
	}{{1, 0}, {10, 20 * time.Second}, {1_000, time.Second}, {3, exchange.IdleTimeout - time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			ledger := freshness.NewLedger(1, 1<<30, time.Second)
			co := consistency.New(ledger, deaf{}, consistency.Options{})
			views := viewcache.New(ledger, co, new(cachestat.Counters), viewcache.Options{TTL: time.Minute})
			router := mux.NewRouter()
			api.New(api.Options{
				Files: slowWork{pause: c.pause}, Keys: anyKey{}, Views: views, Consistency: co, MaxExportsPerClient: 1,
			}).Register(router)
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				router.ServeHTTP(exchange.New(w, "an id"), r)
			}), ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second}
			line := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
			var serving sync.WaitGroup
			serving.Go(func() { _ = server.Serve(line) })
			here, there := net.Pipe()
			line.made <- there
			serving.Go(func() {
				_, _ = fmt.Fprintf(here, "POST /v1/imports?format=csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"+
					"Content-Type: text/csv\r\nContent-Length: %d\r\n\r\n%s", c.steps, strings.Repeat("\n", c.steps))
			})
			response, err := http.ReadResponse(bufio.NewReader(here), nil)
			if err != nil {
				t.Errorf("%d steps of %s: no answer: %v", c.steps, c.pause, err)
			} else {
				body, err := io.ReadAll(response.Body)
				if want := fmt.Sprintf(`"read":%d,`, c.steps); err != nil || response.StatusCode != http.StatusOK ||
					!strings.Contains(string(body), want) {
					t.Errorf("%d steps of %s: %d %s, %v", c.steps, c.pause, response.StatusCode, body, err)
				}
			}
			_ = here.Close()
			_ = server.Close()
			views.Close()
			serving.Wait()
		})
	}
}
