package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gable-listings/gable/app/config"
)

// BenchmarkTracing measures a view hit with tracing off, on at the default ratio, and for all requests.
func BenchmarkTracing(b *testing.B) {
	nowhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	b.Cleanup(nowhere.Close)
	for _, c := range []struct {
		name     string
		endpoint string
		ratio    float64
	}{{"off", "none", 0.01}, {"one in 100", nowhere.URL, 0.01}, {"all", nowhere.URL, 1}} {
		b.Run(c.name, func(b *testing.B) {
			base, _ := benchServer(b, func(settings *config.Config) {
				settings.Tracing.Endpoint, settings.Tracing.Ratio = config.URL(c.endpoint), c.ratio
			})
			benchGet(b, base, "/v1/properties", nil)
			b.ReportAllocs()
			b.ResetTimer()
			hammer(b, base, "/v1/properties", nil)
		})
	}
}
