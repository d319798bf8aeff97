package cli

import (
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Judge the configuration and show what is in force."`
}

type configCheckCmd struct{ config.Flags }

// Help is shown by --help.
func (configCheckCmd) Help() string {
	return `Prints every key with its value and where that came from: the default, the file, a variable or a flag. Passwords
are masked. What gable serve takes of memory at most follows, part by part, as comments. When something is wrong, all of
it is listed instead, and the exit code is 2. Database and cache are not connected to, but their URLs are read as gable
serve reads them.

Example:

	GABLE_HTTP_ADDRESS=:8080 gable config check --config gable.yaml`
}

// Run prints the configuration in force.
func (c *configCheckCmd) Run(p *Process) error {
	config, err := loadConfig(p, &c.Flags)
	if err != nil {
		return err
	}
	if err := config.WriteRedacted(p.Out); err != nil {
		return err
	}
	return server.WriteMemory(p.Out, &config.Config)
}
