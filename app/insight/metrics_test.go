package insight

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// importing is imports that always come to the same.
type importing struct{ api.Files }

func (importing) Import(context.Context, api.ImportRequest) (property.ImportReport, error) {
	return property.ImportReport{Read: 10, Created: 4, Updated: 3, Unchanged: 1, Superseded: 1, Rejected: 1}, nil
}

func TestImportsAreCountedByWhatBecameOfTheirRecordsUnlessDry(t *testing.T) {
	r := prometheus.NewRegistry()
	f := CountImports(importing{}, r)
	for _, dry := range []bool{false, true, false} {
		if report, err := f.Import(t.Context(), api.ImportRequest{DryRun: dry}); err != nil || report.Created != 4 {
			t.Fatalf("imported %+v, %v", report, err)
		}
	}
	families, err := r.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%v, %v", families, err)
	}
	got := map[string]float64{}
	for _, m := range families[0].GetMetric() {
		got[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	if diff := cmp.Diff(map[string]float64{"created": 8, "updated": 6, "unchanged": 2, "superseded": 2, "rejected": 2},
		got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// guarded is a cache behind a circuit breaker.
type guarded struct {
	ports.Cache
	state string
}

func (g guarded) BreakerState() string { return g.state }

func TestTheCircuitIsOpenUntilTheCacheIsKnownToBeBack(t *testing.T) {
	for state, want := range map[string]float64{"closed": 0, "open": 1, "half-open": 1} {
		if got := circuit(guarded{state: state}); got != want {
			t.Errorf("%s is shown as %v", state, got)
		}
	}
	if circuit(QueryLevel{}.Cache) != 0 {
		t.Error("a cache without a breaker has an open circuit")
	}
}
