package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/app/transfer"
)

// BenchmarkViewHit compares view-cache hits, through the whole chain with log and metrics, with a bare net/http
// handler. The handler writes the same header and bytes. One client, which does as little as it can, asks both over
// loopback; read the ratio of the two.
func BenchmarkViewHit(b *testing.B) {
	base, _ := benchServer(b)
	item := benchGet(b, base, "/v1/properties?fields=id&limit=1", nil)
	id := strings.Split(string(item.body), `"`)[5]
	tag := benchGet(b, base, "/v1/properties/"+id, nil).header.Get("Etag")
	for _, c := range []struct {
		name, path string
		header     http.Header
	}{
		{"page of 20", "/v1/properties", nil},
		{"item", "/v1/properties/" + id, nil},
		{"304", "/v1/properties/" + id, http.Header{"If-None-Match": {tag}}},
	} {
		benchGet(b, base, c.path, c.header)
		answer := benchGet(b, base, c.path, c.header) // from the view cache
		if answer.header.Get("Cache-Status") != "gable-view; hit" {
			b.Fatalf("%s: %v", c.name, answer.header)
		}
		bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			for name, values := range answer.header {
				if name != "Date" {
					h[name] = values
				}
			}
			w.WriteHeader(answer.status)
			_, _ = w.Write(answer.body)
		}))
		b.Cleanup(bare.Close)
		b.Run(c.name+"/bare", func(b *testing.B) { hammer(b, bare.URL, c.path, c.header) })
		b.Run(c.name+"/gable", func(b *testing.B) { hammer(b, base, c.path, c.header) })
	}
}

// BenchmarkViewHitOfCountedClients is BenchmarkViewHit for a client behind a proxy, with and without a rate limit. The
// limit is too high to be reached.
func BenchmarkViewHitOfCountedClients(b *testing.B) {
	const highestRate = 10_000_000
	headers := http.Header{"X-Forwarded-For": {"198.51.100.7"}}
	for _, c := range []struct {
		name string
		rate int
	}{{"without a limit", 0}, {"with a limit", highestRate}} {
		base, _ := benchServer(b, func(config *config.Config) {
			config.HTTP.TrustedProxies, config.HTTP.RateLimit, config.HTTP.RateBurst = "127.0.0.1", c.rate, highestRate
		})
		benchGet(b, base, "/v1/properties", headers)
		b.Run(c.name, func(b *testing.B) { hammer(b, base, "/v1/properties", headers) })
	}
}

// BenchmarkDecision measures the part of a view hit that is Gable's own idea: find the view, ask the ledger.
func BenchmarkDecision(b *testing.B) {
	base, views := benchServer(b)
	benchGet(b, base, "/v1/properties", nil)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if views.ByTarget("/v1/properties") == nil {
			b.Fatal("no hit")
		}
	}
}

// BenchmarkPublicPage measures the public page of listings from the view cache, from the database (no-store), and as a
// 304. Read the ratios.
func BenchmarkPublicPage(b *testing.B) {
	base, _ := benchServer(b)
	const path = "/?kind=house&min_bedrooms=2&sort=price"
	first := benchGet(b, base, path, nil)
	tag := benchGet(b, base, path, nil).header.Get("Etag")
	b.Logf("the page has %d bytes", len(first.body))
	for _, c := range []struct {
		name   string
		header http.Header
	}{
		{"from the database", http.Header{"Cache-Control": {"no-store"}}},
		{"cached", nil},
		{"304", http.Header{"If-None-Match": {tag}}},
	} {
		b.Run(c.name, func(b *testing.B) { hammer(b, base, path, c.header) })
	}
}

// benchServer starts a server with a thousand listings, which logs as in production, to nowhere.
func benchServer(b *testing.B, change ...func(*config.Config)) (base string, views *viewcache.Cache) {
	b.Helper()
	c := benchConfig(b)
	for _, f := range change {
		f(c)
	}
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = nowhere.Close() })
	log, level, err := server.NewLogger(config.LogConfig{Level: "info", Format: "json", Sampling: true}, nowhere)
	if err != nil {
		b.Fatal(err)
	}
	var s *server.Listeners
	var listings *catalog.Catalog
	app := server.New(c, log, level, fx.Populate(&s, &listings, &views))
	if err := app.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := app.Stop(ctx); err != nil {
			b.Error(err)
		}
	})
	_, err = listings.Import(b.Context(),
		catalog.Import{Open: func() (catalog.Source, error) { return transfer.NewGenerated(1, 1_000) }})
	if err != nil {
		b.Fatal(err)
	}
	base = "http://" + s.Public.Addr().String()
	for range 50 { // until the feed has delivered the import and is confirmed
		benchGet(b, base, "/v1/properties", nil)
	}
	return base, views
}

func benchConfig(b *testing.B) *config.Config {
	b.Helper()
	return apptest.Config(b, "sqlite:"+filepath.Join(b.TempDir(), "gable.db"), "memory:")
}

type benchAnswer struct {
	status int
	header http.Header
	body   []byte
}

func benchGet(b *testing.B, base, path string, header http.Header) benchAnswer {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+path, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return benchAnswer{response.StatusCode, response.Header, body}
}

// hammer requests one path over and over, on two connections for each processor, and reads each answer whole.
func hammer(b *testing.B, base, path string, header http.Header) {
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: bench\r\n", path)
	for name, values := range header {
		fmt.Fprintf(&request, "%s: %s\r\n", name, values[0])
	}
	request.WriteString("\r\n")
	b.SetParallelism(2)
	b.RunParallel(func(pb *testing.PB) {
		var dialer net.Dialer
		connection, err := dialer.DialContext(b.Context(), "tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			b.Error(err)
			return
		}
		defer connection.Close()
		answers := bufio.NewReaderSize(connection, 1<<16)
		for pb.Next() {
			if _, err := connection.Write(request.Bytes()); err != nil {
				b.Error(err)
				return
			}
			if err := skipAnswer(answers); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// skipAnswer reads one answer with a Content-Length, or without a body.
func skipAnswer(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err := r.Discard(length)
			return err
		}
		if text, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(text))); err != nil {
				return err
			}
		}
	}
}
