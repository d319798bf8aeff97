package main

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Judge the configuration and show what is in force."`
}

type configCheckCmd struct{ configFlags }

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
func (c *configCheckCmd) Run(p *process) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	if err := config.writeRedacted(p.out); err != nil {
		return err
	}
	return config.writeMemory(p.out)
}

// Redacted returns the configuration in force as YAML that can serve as a configuration file, except that passwords are
// masked. Each line says where its value came from.
func (c *effective) Redacted() string {
	var text strings.Builder
	section := ""
	for _, s := range settings() {
		if s.section() != section {
			section = s.section()
			fmt.Fprintf(&text, "%s:\n", section)
		}
		entry := fmt.Sprintf("  %s: %s", strings.TrimPrefix(s.key, section+"."), yamlScalar(valueText(s.field(&c.Config))))
		fmt.Fprintf(&text, "%-44s # %s\n", entry, c.origins[s.key])
	}
	return text.String()
}

func (c *effective) writeRedacted(w io.Writer) error {
	_, err := io.WriteString(w, c.Redacted())
	return err
}

// yamlScalar quotes a value where YAML would take it for something else.
func yamlScalar(text string) string {
	var plain any
	if yaml.Unmarshal([]byte(text), &plain) == nil && fmt.Sprint(plain) == text && !strings.Contains(text, "\n") {
		return text
	}
	return fmt.Sprintf("%q", text)
}
