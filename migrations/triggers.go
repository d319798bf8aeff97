package migrations

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"text/template"
)

// LastWithTriggers is the newest migration that makes functions and triggers itself, and removes them in its down.
// Later ones leave them to triggers.sql.
const LastWithTriggers = "20261129000002"

// Triggers is the file triggers.sql of a database, expanded and ready to run.
type Triggers struct {
	Create        string // creates the functions and triggers, or replaces those that exist
	Remove        string // drops those that a migration cannot run beside; empty for none
	OldestProgram string // that runs beside the triggers, as in OldestProgram
}

const triggersFile = "triggers.sql"

// ReadTriggers expands triggers.sql for the columns that the table properties has. The function has reports whether
// the table has a column; nil stands for a table with all columns in the file.
func ReadTriggers(files fs.FS, has func(column string) bool) (*Triggers, error) {
	sql, err := fs.ReadFile(files, triggersFile)
	if err != nil {
		return nil, err
	}
	t := &Triggers{}
	if t.OldestProgram, err = statedProgram(sql); err != nil {
		return nil, fmt.Errorf("%s: %w", triggersFile, err)
	}
	file, err := template.New(triggersFile).Funcs(template.FuncMap{
		"columns": func(list string) []imageColumn { return imageColumns(list, has) },
	}).Parse(string(sql))
	if err != nil {
		return nil, err
	}
	for name, into := range map[string]*string{triggersFile: &t.Create, "remove": &t.Remove} {
		var expanded strings.Builder
		if err := file.ExecuteTemplate(&expanded, name, nil); err != nil {
			return nil, err
		}
		*into = expanded.String()
	}
	return t, nil
}

// Hash is a hash of Create, to compare contents.
func (t *Triggers) Hash() string {
	sum := sha256.Sum256([]byte(t.Create))
	return hex.EncodeToString(sum[:])
}

// imageColumn is a column in the images of a listing that the triggers record.
type imageColumn struct {
	Name   string
	Format string // how the file writes its value; empty to write it as it is
}

// imageColumns parses a list of words, NAME or NAME:FORMAT.
func imageColumns(list string, has func(column string) bool) []imageColumn {
	var columns []imageColumn
	for word := range strings.FieldsSeq(list) {
		name, format, _ := strings.Cut(word, ":")
		if has == nil || has(name) {
			columns = append(columns, imageColumn{name, format})
		}
	}
	return columns
}
