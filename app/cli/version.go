package cli

import (
	"encoding/json"
	"fmt"

	"github.com/gable-listings/gable/app/server"
)

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

// Help is shown by --help.
func (versionCmd) Help() string {
	return `Example:

	gable version --json`
}

// Run prints the build.
func (c *versionCmd) Run(p *Process) error {
	b := server.BuildInfo()
	if c.JSON {
		return json.NewEncoder(p.Out).Encode(b)
	}
	_, err := fmt.Fprintf(p.Out, "gable %s (commit %s, %s)\n", b.Version, b.Commit, b.Go)
	return err
}
