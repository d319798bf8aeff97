package web

import (
	"net/http"

	"github.com/rs/cors"
)

// crossOrigin lets browsers hand answers to the pages of some origins ("*" for all), without credentials. A page that
// writes sends an API key of its own. The handler stands outside the view cache, whose answers are the same for every
// origin. Preflights (OPTIONS) go on to the router, so that they fail for an address that does not exist.
func crossOrigin(origins []string, next http.Handler) http.Handler {
	if len(origins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: []string{
			"Authorization", "Cache-Control", "Consistency-Token", "Content-Encoding", "Content-Type", "Idempotency-Key",
			"If-Match", "If-None-Match", "Last-Event-ID", "Traceparent", "Tracestate", "X-Request-Id",
		},
		ExposedHeaders: []string{
			"Age", "Allow", "Cache-Status", "Consistency-Token", "Content-Disposition", "ETag", "Link", "Location",
			"RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id",
		},
		MaxAge:             600, // seconds
		OptionsPassthrough: true,
	}).Handler(next)
}
