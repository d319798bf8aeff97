package listingfile

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/adapters/propertyjson"
	"github.com/gable-listings/gable/domain/property"
)

// builder turns the YAML of a mapping into expressions. It walks the nodes itself, so that an unknown key at any
// depth is an error with its line.
type builder struct {
	mapping *Mapping
	beside  fs.FS
	known   map[string]bool // values made up so far
	used    []string        // columns of the file that expressions read

	ownRequired, ownColumns []string // the columns that a file with Gable's own columns must have, and may have
}

// entries calls the function for each key of a YAML map. Unknown and repeated keys are errors.
func entries(n *yaml.Node, what string, keys map[string]func(*yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return at(n, "%s must be a map", what)
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		read, ok := keys[key]
		switch {
		case !ok:
			return at(n.Content[i], "%s has no key %q", what, key)
		case seen[key]:
			return at(n.Content[i], "the key %q comes twice", key)
		}
		seen[key] = true
		if err := read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: %w", n.Line, fmt.Errorf(format, args...))
}

// into returns a reader for a value of a simple type.
func into(target any) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if err := n.Decode(target); err != nil {
			return at(n, "%w", err)
		}
		return nil
	}
}

func (b *builder) mappingNode(n *yaml.Node) error {
	m := b.mapping
	err := entries(n, "a mapping", map[string]func(*yaml.Node) error{
		"about":    into(&m.About),
		"required": into(&m.Required),
		"columns":  into(&m.Columns),
		"numbers":  b.numbers,
		"values":   b.values,
		"skip":     b.conditions(&m.Skip, false),
		"refuse":   b.conditions(&m.Refuse, true),
		"fields":   b.fields,
	})
	if err == nil && len(m.Fields) == 0 {
		err = at(n, "a mapping needs fields")
	}
	if m.Columns == nil {
		m.Columns = b.ownColumns
	}
	if m.Required == nil {
		m.Required = b.ownRequired
	}
	if m.Required == nil {
		slices.Sort(b.used)
		m.Required = slices.Compact(b.used)
	}
	return err
}

func (b *builder) numbers(n *yaml.Node) error {
	var decimal, group string
	if err := entries(n, "numbers", map[string]func(*yaml.Node) error{
		"decimal": into(&decimal), "group": into(&group), "strip": into(&b.mapping.Numbers.strip),
	}); err != nil {
		return err
	}
	style := &b.mapping.Numbers.style
	for name, text := range map[string]string{"decimal": decimal, "group": group} {
		if text != "" && property.MarkOf(text) == 0 {
			return at(n, "%s must be one mark, such as a comma, not %q", name, text)
		}
	}
	if style.Decimal = property.MarkOf(decimal); group != "" {
		style.Decimal, style.Groups = cmp.Or(style.Decimal, '.'), string(property.MarkOf(group))
	}
	if style.Groups == string(style.Decimal) {
		return at(n, "decimal, which is a point unless it is set, and group must differ")
	}
	return nil
}

func (b *builder) values(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return at(n, "values must be a map")
	}
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if b.known[name] {
			return at(n.Content[i], "the value %q comes twice", name)
		}
		e, err := b.expression(n.Content[i+1])
		if err != nil {
			return err
		}
		b.known[name] = true
		b.mapping.Values = append(b.mapping.Values, namedExpression{name, e})
	}
	return nil
}

func (b *builder) fields(n *yaml.Node) error {
	if text, ok := plain(n); ok && text == "own" {
		return b.ownFields(n)
	}
	if n.Kind != yaml.MappingNode {
		return at(n, "fields must be a map or own")
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		member, ok := propertyjson.MemberNamed(name)
		switch {
		case !ok:
			return at(n.Content[i], "a listing has no field %q", name)
		case member.ReadOnly():
			return at(n.Content[i], "the field %q is set by the service", name)
		case seen[name]:
			return at(n.Content[i], "the field %q comes twice", name)
		}
		seen[name] = true
		e, err := b.expression(n.Content[i+1])
		if err != nil {
			return err
		}
		b.mapping.Fields = append(b.mapping.Fields, namedExpression{name, e})
	}
	return nil
}

// ownFields takes each field from the column of its name. Such a file has the columns of an export, unless the
// mapping says otherwise.
func (b *builder) ownFields(n *yaml.Node) error {
	var required, known []string
	for _, f := range property.FieldTable() {
		keys := expressionKeys{column: f.Name, number: f.Numeric()}
		var e expression
		if err := b.source(&e, &keys); err != nil {
			return err
		}
		if err := b.steps(&e, &keys, n); err != nil {
			return err
		}
		b.mapping.Fields = append(b.mapping.Fields, namedExpression{f.Name, e})
		if f.Required {
			required = append(required, f.Name)
		}
	}
	for _, m := range propertyjson.Members() {
		known = append(known, m.String())
	}
	b.ownRequired, b.ownColumns = required, known
	return nil
}

// conditions reads a list of conditions, each with its reason if reasons is set.
func (b *builder) conditions(to *[]condition, reasons bool) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.SequenceNode {
			return at(n, "must be a list of conditions")
		}
		for _, item := range n.Content {
			c, err := b.condition(item, reasons)
			if err != nil {
				return err
			}
			*to = append(*to, c)
		}
		return nil
	}
}

func (b *builder) condition(n *yaml.Node, reason bool) (c condition, err error) {
	var is []string
	keys := map[string]func(*yaml.Node) error{
		"value": func(n *yaml.Node) (err error) { c.value, err = b.expression(n); return err },
		"is":    into(&is),
	}
	if reason {
		keys["because"] = into(&c.because)
	}
	if err := entries(n, "a condition", keys); err != nil {
		return c, err
	}
	entries := map[string]string{}
	for _, text := range is {
		entries[text] = text
	}
	c.is = newLookup(entries)
	switch {
	case c.value.source == nil || len(is) == 0:
		return c, at(n, "a condition needs value and is")
	case reason && c.because == "":
		return c, at(n, "a condition for refusing needs because")
	}
	return c, nil
}

// column records that a column of the file is used, unless the name is that of a made-up value.
func (b *builder) column(name string) string {
	if !b.known[name] {
		b.used = append(b.used, name)
	}
	return name
}

// plain is the text of a scalar, as written.
func plain(n *yaml.Node) (string, bool) {
	return strings.TrimSpace(n.Value), n.Kind == yaml.ScalarNode && n.Tag != "!!null"
}
