package cli

import (
	"github.com/gable-listings/gable/app/config"
	"github.com/gable-listings/gable/app/server"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Validate the configuration and print effective values."`
}

type configCheckCmd struct{ config.Flags }

// Help is shown by --help.
func (configCheckCmd) Help() string {
	return `Prints every key with its value and the source of it: the default, the file, a variable or a flag. Passwords are
masked. The memory bound of gable serve follows, part by part, as comments. An invalid configuration prints all its
problems instead, and the exit code is 2. The command checks the URLs of database and cache without connecting.

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
