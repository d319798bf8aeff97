package listingfile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/domain/property"
)

// list collects a text from each object of a JSON array, such as the addresses of a record's photos.
type list struct {
	of    string // the column with the array
	item  string // the member that is collected; objects without it are left out
	order string // the member with a number by which the objects are ordered; "" for their own order
	most  int    // how many are taken; 0 for all
	only  []choice
}

// choice is a member that says whether an object is taken: its table has "yes" or "no" for each known text.
type choice struct {
	member string
	table  lookup
}

// list reads {of: column, item: member, order: member, most: number, only: {member: {text: yes or no}}}.
func (b *builder) list(n *yaml.Node) (*list, error) {
	l := &list{}
	err := entries(n, "a list", map[string]func(*yaml.Node) error{
		"of": into(&l.of), "item": into(&l.item), "order": into(&l.order), "most": into(&l.most), "only": l.choices,
	})
	switch {
	case err != nil:
		return nil, err
	case l.of == "" || l.item == "":
		return nil, at(n, "a list needs of and item")
	case l.most < 0:
		return nil, at(n, "most must be a number of items, not %d", l.most)
	}
	b.column(l.of)
	return l, nil
}

func (l *list) choices(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return at(n, "only must be a map")
	}
	for i := 0; i < len(n.Content); i += 2 {
		var table map[string]string
		if err := into(&table)(n.Content[i+1]); err != nil {
			return err
		}
		for text, taken := range table {
			if taken != "yes" && taken != "no" {
				return at(n.Content[i+1], "%q must be yes or no, not %q", text, taken)
			}
		}
		l.only = append(l.only, choice{n.Content[i].Value, newLookup(table)})
	}
	return nil
}

var errNotList = errors.New("must be a JSON array of objects")

// listed is an object of the array that is taken.
type listed struct {
	text  string
	order float64
}

// collect returns the texts as a JSON array.
func (l *list) collect(row columns) (result, error) {
	text, present := row(l.of)
	if strings.TrimSpace(text) == "" {
		return result{certain: present}, nil
	}
	var objects []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &objects); err != nil {
		return result{}, errNotList
	}
	var taken []listed
	var notes []string
	for _, object := range objects {
		address := jsonText(object[l.item])
		if address == "" {
			continue
		}
		ok, unknown := l.takes(object)
		switch {
		case unknown != "" && len(notes) == 0:
			notes = append(notes, unknown)
		case ok:
			taken = append(taken, listed{address, orderOf(object[l.order])})
		}
	}
	slices.SortStableFunc(taken, func(a, b listed) int { return cmp.Compare(a.order, b.order) })
	if found := len(taken); l.most > 0 && found > l.most {
		taken = taken[:l.most]
		notes = append(notes, fmt.Sprintf("are the first %d of %d", l.most, found))
	}
	texts := make([]string, len(taken))
	for i, t := range taken {
		texts[i] = t.text
	}
	return result{text: string(listOf(texts)), certain: true, notes: notes}, nil
}

// takes reports whether the object is taken. One with a text that the mapping does not know is not, and unknown says
// so.
func (l *list) takes(object map[string]json.RawMessage) (ok bool, unknown string) {
	for _, c := range l.only {
		var taken, known int
		values := jsonTexts(object[c.member])
		for _, text := range values {
			is, found := c.table.find(text)
			if found {
				known++
			}
			if is == "yes" {
				taken++
			}
		}
		switch {
		case len(values) == 0, taken > 0:
		case known == 0:
			return false, fmt.Sprintf("leave out what has the %s %q, which %v", c.member, shorten(values[0], 60),
				c.table.unknown(values[0]))
		default:
			return false, ""
		}
	}
	return true, ""
}

// orderOf returns the number by which an object is ordered; one without a number comes last.
func orderOf(v json.RawMessage) float64 {
	n, err := property.ParseNumber(strings.TrimSpace(jsonText(v)))
	if err != nil {
		return math.Inf(1)
	}
	return n
}
