package listingfile

import (
	"fmt"
	"strconv"
	"strings"
)

// template is a text with places for values: {name} or {name|thousands} or {name|plural:bath,baths}. A part in
// [brackets] is left out when a value inside is empty. When a value outside brackets is empty, the whole text is.
type template struct{ parts []templatePart }

type templatePart struct {
	text     string
	name     string // of a value; "" for plain text
	filter   func(string) string
	optional *template
}

// parseTemplate reads a template, and calls column with each name that it uses.
func parseTemplate(text string, column func(string) string) (*template, error) {
	t, rest, err := parseParts(text, column, false)
	if err == nil && rest != "" {
		err = fmt.Errorf("] without [ in %q", text)
	}
	return t, err
}

func parseParts(text string, column func(string) string, inside bool) (*template, string, error) {
	t := &template{}
	for text != "" {
		at := strings.IndexAny(text, "{[]")
		if at < 0 {
			at = len(text)
		}
		if at > 0 {
			t.parts = append(t.parts, templatePart{text: text[:at]})
			text = text[at:]
			continue
		}
		if text[0] == ']' {
			return t, text, nil
		}
		part, rest, err := parsePlace(text, column)
		if err != nil {
			return nil, "", err
		}
		t.parts = append(t.parts, part)
		text = rest
	}
	if inside {
		return nil, "", fmt.Errorf("[ without ]")
	}
	return t, "", nil
}

// parsePlace reads a part that begins with { or [.
func parsePlace(text string, column func(string) string) (templatePart, string, error) {
	if text[0] == '[' {
		t, rest, err := parseParts(text[1:], column, true)
		if err != nil {
			return templatePart{}, "", err
		}
		return templatePart{optional: t}, rest[1:], nil
	}
	inner, rest, ok := strings.Cut(text[1:], "}")
	if !ok {
		return templatePart{}, "", fmt.Errorf("{ without } in %q", text)
	}
	name, filter, _ := strings.Cut(inner, "|")
	if name == "" {
		return templatePart{}, "", fmt.Errorf("{} names no value")
	}
	f, err := parseFilter(filter)
	return templatePart{name: column(name), filter: f}, rest, err
}

func parseFilter(text string) (func(string) string, error) {
	name, arguments, _ := strings.Cut(text, ":")
	switch name {
	case "":
		return func(text string) string { return text }, nil
	case "thousands":
		return thousands, nil
	case "plural":
		if one, many, ok := strings.Cut(arguments, ","); ok {
			return func(text string) string { return text + " " + plural(text, one, many) }, nil
		}
	}
	return nil, fmt.Errorf("unknown filter %q", text)
}

// thousands puts commas between groups of three digits: 5650 becomes 5,650.
func thousands(text string) string {
	whole, fraction, hasPoint := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasPoint {
		return whole + "." + fraction
	}
	return whole
}

func plural(number, one, many string) string {
	if number == "1" {
		return one
	}
	return many
}

// count is a number with its noun: 1 cell, 2 cells.
func count(n int, noun string) string {
	number := strconv.Itoa(n)
	return number + " " + plural(number, noun, noun+"s")
}

func (t *template) fill(row columns) (result, error) {
	var out strings.Builder
	complete := true
	read := func(name string) (string, bool) {
		text, present := row(name)
		complete = complete && present
		return text, present
	}
	if !t.fillInto(&out, read) {
		return result{certain: complete}, nil
	}
	return result{text: out.String(), certain: true}, nil
}

// fillInto reports whether all values outside brackets have a text.
func (t *template) fillInto(out *strings.Builder, row columns) bool {
	for _, p := range t.parts {
		switch {
		case p.optional != nil:
			var inner strings.Builder
			if p.optional.fillInto(&inner, row) {
				out.WriteString(inner.String())
			}
		case p.name != "":
			text, _ := row(p.name)
			value := strings.TrimSpace(text)
			if value == "" {
				return false
			}
			out.WriteString(p.filter(value))
		default:
			out.WriteString(p.text)
		}
	}
	return true
}
