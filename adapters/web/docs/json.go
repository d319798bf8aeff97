package docs

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// yamlToJSON converts a YAML document to indented JSON, with members in the order of the text and numbers digit by
// digit as written. YAML without an equal in JSON (keys that are not text, infinities, aliases) is an error.
func yamlToJSON(text []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	var compact, indented bytes.Buffer
	if err := appendNode(&compact, &root); err != nil {
		return nil, err
	}
	if err := json.Indent(&indented, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

func appendNode(b *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.DocumentNode:
		return appendNode(b, n.Content[0])
	case yaml.MappingNode:
		return appendMapping(b, n)
	case yaml.SequenceNode:
		return appendSequence(b, n)
	case yaml.ScalarNode:
		return appendScalar(b, n)
	default:
		return fmt.Errorf("line %d: neither a mapping, a list nor a scalar", n.Line)
	}
}

func appendMapping(b *bytes.Buffer, n *yaml.Node) error {
	b.WriteByte('{')
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
			return fmt.Errorf("line %d: a key must be text", key.Line)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		appendString(b, key.Value)
		b.WriteByte(':')
		if err := appendNode(b, value); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func appendSequence(b *bytes.Buffer, n *yaml.Node) error {
	b.WriteByte('[')
	for i, item := range n.Content {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendNode(b, item); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

func appendScalar(b *bytes.Buffer, n *yaml.Node) error {
	switch n.Tag {
	case "!!null":
		b.WriteString("null")
	case "!!bool", "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return fmt.Errorf("line %d: %s is not written as in JSON", n.Line, n.Value)
		}
		b.WriteString(n.Value)
	default:
		appendString(b, n.Value)
	}
	return nil
}

func appendString(b *bytes.Buffer, text string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // text always encodes
	b.Truncate(b.Len() - 1)
}
