package listingfile

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gable-listings/gable/adapters/propertyjson"
)

// jsonColumns returns the members of a JSON object as columns: strings as their text, numbers as written, null as
// empty, anything else as JSON. A name with points is a path into objects. A path through an array collects a JSON
// array of texts, so Media.MediaURL is the addresses of all media.
func jsonColumns(raw []byte) (columns, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, rowError("is not a valid JSON object: %v", err)
	}
	return func(name string) (string, bool) {
		if v, ok := members[name]; ok {
			return jsonText(v), true
		}
		member, path, ok := strings.Cut(name, ".")
		if !ok {
			return "", false
		}
		v := inside(members[member], path)
		return jsonText(v), v != nil
	}, nil
}

// inside follows a path of members. It returns nil when the path leads nowhere, and null when a null ends it early.
func inside(v json.RawMessage, path string) json.RawMessage {
	if string(v) == "null" {
		return v
	}
	var items []json.RawMessage
	if len(v) > 0 && v[0] == '[' && json.Unmarshal(v, &items) == nil {
		return collect(items, path)
	}
	var members map[string]json.RawMessage
	if len(v) == 0 || json.Unmarshal(v, &members) != nil {
		return nil
	}
	member, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return members[member]
	}
	return inside(members[member], rest)
}

// collect returns the JSON array of the items' values at the path.
func collect(items []json.RawMessage, path string) json.RawMessage {
	var texts []string
	for _, item := range items {
		if text := jsonText(inside(item, path)); text != "" {
			texts = append(texts, text)
		}
	}
	return listOf(texts)
}

// listOf returns the JSON array of the texts.
func listOf(texts []string) []byte {
	list := []byte{'['}
	for i, text := range texts {
		if i > 0 {
			list = append(list, ',')
		}
		list = propertyjson.AppendString(list, text)
	}
	return append(list, ']')
}

// jsonTexts returns the texts of an array, or the one text of any other value; nothing when that is empty.
func jsonTexts(v json.RawMessage) (texts []string) {
	var items []json.RawMessage
	if json.Unmarshal(v, &items) != nil {
		items = []json.RawMessage{v}
	}
	for _, item := range items {
		if text := jsonText(item); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func jsonText(v json.RawMessage) string {
	v = bytes.TrimSpace(v)
	switch {
	case len(v) == 0, string(v) == "null", string(v) == "[]":
		return ""
	case v[0] == '"':
		var text string
		if json.Unmarshal(v, &text) == nil {
			return text
		}
	}
	return unambiguous(string(v)) // a JSON number has no marks between thousands
}
