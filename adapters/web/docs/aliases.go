package docs

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// withoutAliases rewrites a YAML document without anchors, aliases and merge keys, which many tools do not read. Their
// content takes their place. Members stay in their order; those of a merged mapping take the place of the merge key,
// and the values of the surrounding mapping override theirs.
func withoutAliases(text []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	plain, err := plainNode(&root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(plain); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// plainNode copies a node without aliases.
func plainNode(n *yaml.Node) (*yaml.Node, error) {
	if n.Kind == yaml.AliasNode {
		return plainNode(n.Alias)
	}
	plain := *n
	plain.Anchor, plain.Content = "", make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		var err error
		if plain.Content[i], err = plainNode(child); err != nil {
			return nil, err
		}
	}
	if n.Kind == yaml.MappingNode {
		return &plain, mergeMembers(&plain)
	}
	return &plain, nil
}

// mergeMembers replaces the merge keys of a plain mapping by the members of the merged mappings.
func mergeMembers(n *yaml.Node) error {
	own := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		own[n.Content[i].Value] = n.Content[i+1]
	}
	var members []*yaml.Node
	seen := map[string]bool{}
	add := func(key, value *yaml.Node) {
		if !seen[key.Value] {
			seen[key.Value] = true
			members = append(members, key, value)
		}
	}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag != "!!merge" {
			add(key, value)
			continue
		}
		if value.Kind != yaml.MappingNode {
			return fmt.Errorf("line %d: what is merged must be one mapping", key.Line)
		}
		for j := 0; j < len(value.Content); j += 2 {
			key, value := value.Content[j], value.Content[j+1]
			if mine, ok := own[key.Value]; ok {
				value = mine
			}
			add(key, value)
		}
	}
	n.Content = members
	return nil
}
