package site

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports/cachestat"
	"go.uber.org/zap"
)

// Level is a cache level whose figures are shown and which can be purged.
type Level interface {
	Figures() cachestat.Figures
	Size(ctx context.Context) (entries, bytes int64)
	Purge(ctx context.Context) error
}

// cachePage is the body of the page about the caches.
type cachePage struct {
	View, Query cachestat.Figures
	Answered    uint64 // reads that either level answered
	Loaded      uint64 // reads that asked the database
	Ratio       string // of Answered among both
	Asked       string // the address looked up
	Wrong       string
	Found       *LookupResult
	MayPurge    bool
	VerifiedAll uint64
	ViolatedAll uint64
}

// ReadsOf is how many reads a level had of each outcome that the page shows: 3 still true, 1 not kept.
func (*cachePage) ReadsOf(f cachestat.Figures) string {
	var parts []string
	for _, o := range cachestat.Outcomes() {
		if reads := o.Reads(); reads != "" {
			parts = append(parts, grouped(strconv.FormatUint(f.Reads[o], 10))+" "+reads)
		}
	}
	return strings.Join(parts, ", ")
}

const (
	cachePath   = "/admin/cache"
	samplesPath = "/admin/cache/samples" // asked for by the page itself, again and again
)

// cache answers GET /admin/cache.
func (s *Site) cache(w http.ResponseWriter, r *http.Request, who access.Account) error {
	page := &cachePage{
		View: s.ViewLevel.Figures(), Query: s.QueryLevel.Figures(), Asked: r.URL.Query().Get("address"),
		MayPurge: who.Role == access.RoleAdministrator,
	}
	all := cachestat.Overall(page.View, page.Query)
	page.Answered, page.Loaded, page.Ratio = all.Answered(), all.Loaded(), percent(all.HitRatio())
	if samples := s.Trend.Since(time.Now().Add(-time.Minute)); len(samples) > 0 {
		last := &samples[len(samples)-1]
		page.VerifiedAll = last.View.Verified + last.Query.Verified
		page.ViolatedAll = last.View.Violations + last.Query.Violations
	}
	if page.Asked != "" {
		found, err := s.Lookup.Explain(r.Context(), page.Asked)
		if page.Found = &found; err != nil {
			page.Found, page.Wrong = nil, err.Error()
		}
	}
	return s.staffPage(w, r, who, http.StatusOK, "cache", "cache", "Cache", page)
}

// samples answers GET /admin/cache/samples: what the plots show, as JSON, from a moment on.
func (s *Site) samples(w http.ResponseWriter, r *http.Request, _ access.Account) error {
	since, _ := time.Parse(time.RFC3339Nano, r.URL.Query().Get("since")) // anything else asks for all
	samples := s.Trend.Since(since)
	if samples == nil {
		samples = []Sample{}
	}
	body, err := json.Marshal(samples)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // a browser that has gone away needs no answer
	return nil
}

// askToPurge answers GET /admin/cache/purge.
func (s *Site) askToPurge(w http.ResponseWriter, r *http.Request, who access.Account) error {
	return s.staffPage(w, r, who, http.StatusOK, "cache", "purge", "Empty the caches", nil)
}

// purge answers POST /admin/cache/purge.
func (s *Site) purge(w http.ResponseWriter, r *http.Request, who access.Account) error {
	for _, level := range []Level{s.QueryLevel, s.ViewLevel} {
		if err := level.Purge(r.Context()); err != nil {
			return err
		}
	}
	s.Log.Info("caches purged", zap.String("by", who.Name))
	return s.done(w, r, cachePath, "The caches have been emptied. They fill again by themselves.")
}
