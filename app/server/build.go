package server

import (
	"runtime"
	"runtime/debug"

	"github.com/gable-listings/gable/adapters/ops"
)

// BuildInfo is what the Go toolchain recorded when it built this program: the module's version, or "(devel)" outside a
// release, and the commit, marked with "+dirty" when files had been changed since, or "unknown".
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
