package main

import (
	"encoding/json"
	"fmt"
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
func (c *versionCmd) Run(p *process) error {
	b := buildInfo()
	if c.JSON {
		return json.NewEncoder(p.out).Encode(b)
	}
	_, err := fmt.Fprintf(p.out, "gable %s (commit %s, %s)\n", b.Version, b.Commit, b.Go)
	return err
}
