package server

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gable-listings/gable/adapters/ops"
)

// BuildInfo is what the Go toolchain recorded when it built this program. The version is the module's, or "(devel)"
// outside a release. The commit is marked with "+dirty" when files had changed since, and "unknown" without a history.
func BuildInfo() ops.Build {
	b := ops.Build{Version: "(devel)", Commit: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Commit = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+dirty"
		}
	}
	b.Commit += changed
	return b
}

// buildMetric has the build in its labels, so that a dashboard can show which processes run which program.
func buildMetric(b ops.Build) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gable_build_info", Help: "1; the labels name the program that runs.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go},
	}, func() float64 { return 1 })
}
