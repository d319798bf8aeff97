package config

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Redacted returns the configuration in force as a YAML configuration file with masked passwords. A comment on each
// line names the source of the value.
func (c *Effective) Redacted() string {
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

// WriteRedacted writes the text of Redacted.
func (c *Effective) WriteRedacted(w io.Writer) error {
	_, err := io.WriteString(w, c.Redacted())
	return err
}

// yamlScalar quotes a value that YAML would read as another type.
func yamlScalar(text string) string {
	var plain any
	if yaml.Unmarshal([]byte(text), &plain) == nil && fmt.Sprint(plain) == text && !strings.Contains(text, "\n") {
		return text
	}
	return fmt.Sprintf("%q", text)
}
