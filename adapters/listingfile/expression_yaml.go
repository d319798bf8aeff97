package listingfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// expressionKeys are the keys of an expression in the YAML.
type expressionKeys struct {
	column             string
	template, list     *yaml.Node
	first, sum         []*yaml.Node
	none               []string
	html, tidy, number bool
	pattern            []*yaml.Node
	table              *yaml.Node
	otherwise          *string
	times              *yaml.Node
	prefix             string
	shorten            int
	sources            int
}

// expression reads an expression: a scalar is a constant, a map has the keys of expressionKeys.
func (b *builder) expression(n *yaml.Node) (expression, error) {
	if text, ok := plain(n); ok {
		return expression{source: constant(text)}, nil
	}
	var k expressionKeys
	if err := entries(n, "a value", k.readers()); err != nil {
		return expression{}, err
	}
	if k.sources != 1 {
		return expression{}, at(n, "a value needs exactly one of column, template, first, sum and list")
	}
	e := expression{}
	if err := b.source(&e, &k); err != nil {
		return expression{}, err
	}
	return e, b.steps(&e, &k, n)
}

func (k *expressionKeys) readers() map[string]func(*yaml.Node) error {
	source := func(read func(*yaml.Node) error) func(*yaml.Node) error {
		return func(n *yaml.Node) error { k.sources++; return read(n) }
	}
	node := func(to **yaml.Node) func(*yaml.Node) error {
		return func(n *yaml.Node) error { *to = n; return nil }
	}
	list := func(to *[]*yaml.Node) func(*yaml.Node) error {
		return func(n *yaml.Node) error {
			if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
				return at(n, "must be a list that is not empty")
			}
			*to = n.Content
			return nil
		}
	}
	return map[string]func(*yaml.Node) error{
		"column": source(into(&k.column)), "template": source(node(&k.template)),
		"first": source(list(&k.first)), "sum": source(list(&k.sum)), "list": source(node(&k.list)),
		"none": into(&k.none), "html": into(&k.html), "tidy": into(&k.tidy), "pattern": list(&k.pattern),
		"table": node(&k.table), "else": into(&k.otherwise), "number": into(&k.number), "times": node(&k.times),
		"prefix": into(&k.prefix), "shorten": into(&k.shorten),
	}
}

func (b *builder) source(e *expression, k *expressionKeys) error {
	switch {
	case k.template != nil:
		t, err := b.templates(k.template)
		e.source = t
		return err
	case k.first != nil:
		parts, err := b.expressions(k.first)
		e.source = first(parts)
		return err
	case k.sum != nil:
		parts, err := b.expressions(k.sum)
		e.source = sum(parts)
		return err
	case k.list != nil:
		l, err := b.list(k.list)
		e.column, e.source = l.of, l.collect
		return err
	}
	name := b.column(k.column)
	e.column = name
	e.source = func(row columns) (result, error) {
		text, present := row(name)
		return result{text: text, certain: present}, nil
	}
	return nil
}

func (b *builder) expressions(nodes []*yaml.Node) ([]expression, error) {
	all := make([]expression, len(nodes))
	for i, n := range nodes {
		e, err := b.expression(n)
		if err != nil {
			return nil, err
		}
		all[i] = e
	}
	return all, nil
}

// templates reads one template or a list of them, of which the first that is not empty counts.
func (b *builder) templates(n *yaml.Node) (source, error) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	var all []expression
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode {
			return nil, at(n, "a template must be a text")
		}
		t, err := parseTemplate(n.Value, b.column)
		if err != nil {
			return nil, at(n, "%w", err)
		}
		all = append(all, expression{source: t.fill})
	}
	return first(all), nil
}

// steps adds the steps in the order in which they apply.
func (b *builder) steps(e *expression, k *expressionKeys, n *yaml.Node) error {
	text := func(wanted bool, change func(string) string) {
		if wanted {
			e.steps = append(e.steps, func(text string, _ columns) (string, error) { return change(text), nil })
		}
	}
	text(k.html, plainText)
	text(k.tidy, tidy)
	if k.none != nil {
		e.steps = append(e.steps, none(k.none))
	}
	if err := b.choices(e, k, n); err != nil {
		return err
	}
	if numbers := &b.mapping.Numbers; k.number {
		e.steps = append(e.steps, func(text string, _ columns) (string, error) { return numbers.plain(text) })
	}
	if k.times != nil {
		factor, err := b.expression(k.times)
		if err != nil {
			return err
		}
		e.steps = append(e.steps, times(factor))
	}
	text(k.prefix != "", func(text string) string {
		if text == "" {
			return ""
		}
		return k.prefix + text
	})
	text(k.shorten > 0, func(text string) string { return shorten(text, k.shorten) })
	return nil
}

// choices adds the steps that pick a value: a pattern, and then a table.
func (b *builder) choices(e *expression, k *expressionKeys, n *yaml.Node) error {
	if k.otherwise != nil && (k.pattern == nil) == (k.table == nil) {
		return at(n, "else belongs to exactly one of pattern and table")
	}
	if k.pattern != nil {
		all, err := b.patterns(k.pattern)
		if err != nil {
			return err
		}
		e.steps = append(e.steps, patterns(all, k.otherwise))
	}
	if k.table != nil {
		rows, err := b.table(k.table)
		if err != nil {
			return err
		}
		e.steps = append(e.steps, table(newLookup(rows), k.otherwise))
	}
	return nil
}

func (b *builder) patterns(nodes []*yaml.Node) ([]pattern, error) {
	var all []pattern
	for _, n := range nodes {
		var match, value string
		if err := entries(n, "a pattern", map[string]func(*yaml.Node) error{
			"match": into(&match), "value": into(&value),
		}); err != nil {
			return nil, err
		}
		compiled, err := regexp.Compile("^(?:" + match + ")$")
		if err != nil {
			return nil, at(n, "%w", err)
		}
		all = append(all, pattern{match: compiled, value: value})
	}
	return all, nil
}

// table reads a table in the mapping itself, or one in a CSV file: {file: f.csv, key: column, value: column}.
func (b *builder) table(n *yaml.Node) (map[string]string, error) {
	var file, key, value string
	isFile := false
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		isFile = isFile || n.Content[i].Value == "file"
	}
	if !isFile {
		rows := map[string]string{}
		return rows, into(&rows)(n)
	}
	if err := entries(n, "a table in a file", map[string]func(*yaml.Node) error{
		"file": into(&file), "key": into(&key), "value": into(&value),
	}); err != nil {
		return nil, err
	}
	rows, err := readTable(b.beside, file, key, value)
	if err != nil {
		return nil, at(n, "table %s: %w", file, err)
	}
	return rows, nil
}

func readTable(files fs.FS, name, key, value string) (map[string]string, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("is empty")
	}
	place := map[string]int{}
	for i, name := range all[0] {
		place[name] = i
	}
	k, hasKey := place[key]
	v, hasValue := place[value]
	if !hasKey || !hasValue {
		return nil, fmt.Errorf("has no columns %s and %s", key, value)
	}
	rows := map[string]string{}
	for _, r := range all[1:] {
		rows[r[k]] = r[v]
	}
	return rows, nil
}
