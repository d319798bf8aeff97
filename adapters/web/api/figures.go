package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/ports/cachestat"
)

// CacheFigures is the answer of GET /v1/cache.
type CacheFigures struct {
	Levels struct {
		View  LevelFigures `json:"view"`
		Query LevelFigures `json:"query"`
	} `json:"levels"`
	Ledger struct {
		Position freshness.Position `json:"position"`
		Length   int                `json:"length"`
		Capacity int                `json:"capacity"`
	} `json:"ledger"`
}

// LevelFigures are what one cache level has done since the process started, and what it holds.
type LevelFigures struct {
	Reads    cachestat.Reads[uint64] `json:"-"` // members of the same object, named by outcome
	Errors   uint64                  `json:"errors"`
	Entries  int64                   `json:"entries"` // -1 when unknown
	Bytes    int64                   `json:"bytes"`   // -1 when unknown
	HitRatio float64                 `json:"hit_ratio"`
}

// MarshalJSON implements json.Marshaler.
func (l LevelFigures) MarshalJSON() ([]byte, error) {
	type rest LevelFigures
	return l.Reads.MarshalWith(rest(l))
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *LevelFigures) UnmarshalJSON(object []byte) error {
	type rest LevelFigures
	if err := json.Unmarshal(object, (*rest)(l)); err != nil {
		return err
	}
	return l.Reads.UnmarshalFrom(object)
}

func figuresOf(ctx context.Context, l Level) LevelFigures {
	f := l.Figures()
	entries, bytes := l.Size(ctx)
	return LevelFigures{
		Reads: f.Reads, Errors: f.Errors, Entries: entries, Bytes: bytes, HitRatio: rounded(f.HitRatio()),
	}
}

// rounded rounds a ratio to four digits.
func rounded(ratio float64) float64 { return math.Round(ratio*1e4) / 1e4 }

// figures answers GET /v1/cache.
func (a *API) figures(w http.ResponseWriter, r *http.Request) error {
	if err := refuseParameters(r); err != nil {
		return err
	}
	var answer CacheFigures
	answer.Levels.View = figuresOf(r.Context(), a.ViewLevel)
	answer.Levels.Query = figuresOf(r.Context(), a.QueryLevel)
	ledger := a.Ledger.Figures()
	answer.Ledger.Position, answer.Ledger.Length, answer.Ledger.Capacity = ledger.Position, ledger.Length, ledger.Capacity
	return writeJSON(w, r, answer)
}

// purge answers DELETE /v1/cache.
func (a *API) purge(w http.ResponseWriter, r *http.Request, _ access.Key) error {
	if err := refuseParameters(r); err != nil {
		return err
	}
	for _, level := range []Level{a.QueryLevel, a.ViewLevel} {
		if err := level.Purge(r.Context()); err != nil {
			return fmt.Errorf("purge the caches: %w", err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// replacedMetrics is the answer of the replaced service.
type replacedMetrics struct {
	Metrics struct {
		Hits     uint64  `json:"keyspace_hits"`
		Misses   uint64  `json:"keyspace_misses"`
		Requests uint64  `json:"total_requests"`
		Ratio    float64 `json:"hit_ratio"`
	} `json:"metrics"`
}

// metrics answers GET /properties/cache-metrics/ as the replaced service did. It counts reads answered by one of the
// levels, and reads that needed the store.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) error {
	if err := refuseParameters(r); err != nil {
		return err
	}
	all := cachestat.Overall(a.ViewLevel.Figures(), a.QueryLevel.Figures())
	var answer replacedMetrics
	answer.Metrics.Hits, answer.Metrics.Misses = all.Answered(), all.Loaded()
	answer.Metrics.Requests, answer.Metrics.Ratio = all.Answered()+all.Loaded(), rounded(all.HitRatio())
	return writeJSON(w, r, answer)
}

// writeJSON answers with current figures, which may not be stored.
func writeJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return writeBody(w, r, append(body, '\n'))
}

func writeBody(w http.ResponseWriter, r *http.Request, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has left needs no answer
	}
	return nil
}
