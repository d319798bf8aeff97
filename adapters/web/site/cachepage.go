package site

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports/cachestat"
)

// Level is a cache level that the page shows and can purge.
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
	Ratio       string // share of Answered in the sum of both
	Address     string // the address looked up
	Wrong       string
	Found       *LookupResult
	MayPurge    bool
	VerifiedAll uint64
	ViolatedAll uint64
}

// ReadsOf returns the reads of a level by outcome, as text, for the outcomes that the page shows.
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
	samplesPath = "/admin/cache/samples" // requested by the page itself at intervals
)

// cache answers GET /admin/cache.
func (s *Site) cache(w http.ResponseWriter, r *http.Request, who access.Account) error {
	page := &cachePage{
		View: s.ViewLevel.Figures(), Query: s.QueryLevel.Figures(), Address: r.URL.Query().Get("address"),
		MayPurge: who.Role == access.RoleAdministrator,
	}
	all := cachestat.Overall(page.View, page.Query)
	page.Answered, page.Loaded, page.Ratio = all.Answered(), all.Loaded(), percent(all.HitRatio())
	if samples := s.Trend.Since(time.Now().Add(-time.Minute)); len(samples) > 0 {
		last := &samples[len(samples)-1]
		page.VerifiedAll = last.View.Verified + last.Query.Verified
		page.ViolatedAll = last.View.Violations + last.Query.Violations
	}
	if page.Address != "" {
		found, err := s.Lookup.Explain(r.Context(), page.Address)
		if page.Found = &found; err != nil {
			page.Found, page.Wrong = nil, err.Error()
		}
	}
	return s.staffPage(w, r, who, http.StatusOK, "cache", "cache", "Cache", page)
}

// samples answers GET /admin/cache/samples: the samples of the plots after a moment, as JSON.
func (s *Site) samples(w http.ResponseWriter, r *http.Request, _ access.Account) error {
	since, _ := time.Parse(time.RFC3339Nano, r.URL.Query().Get("since")) // all samples if invalid
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
	return s.finish(w, r, cachePath, "The caches have been emptied. They fill again by themselves.")
}
