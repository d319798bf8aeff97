package property

import (
	"strconv"
	"time"
)

// State is what the service sets of a listing. A restore brings it back.
type State struct {
	ID        ID
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MaxVersion is the highest version that a restore accepts. Every program reads it exactly, and a billion changes can
// follow.
const MaxVersion = 999_999_999_999_999

// ParseState reads the members id, version, created_at and updated_at of an exported listing; text returns each of
// them, and false when it is absent. The error is an *InvalidError that names each member that is wrong.
func ParseState(text func(name string) (string, bool)) (State, error) {
	p := stateParser{text: text}
	s := State{ID: p.id(), Version: p.version(), CreatedAt: p.time("created_at"), UpdatedAt: p.time("updated_at")}
	return s, p.wrong.orNil()
}

// stateParser takes the members one by one and collects their errors.
type stateParser struct {
	text  func(name string) (string, bool)
	wrong InvalidError
}

// take returns a member, and false when it is absent or empty.
func (p *stateParser) take(name string) (string, bool) {
	text, _ := p.text(name)
	if text == "" {
		p.wrong.add(name, "is required to restore a listing")
	}
	return text, text != ""
}

func (p *stateParser) id() ID {
	text, ok := p.take("id")
	id, err := ParseID(text)
	if ok && err != nil {
		p.wrong.add("id", "must be a UUID, not %s", shortQuote(text))
	}
	return id
}

func (p *stateParser) version() int64 {
	text, ok := p.take("version")
	n, err := strconv.ParseInt(text, 10, 64)
	if ok && (err != nil || n < 1 || n > MaxVersion) {
		p.wrong.add("version", "must be a whole number from 1 to %d, not %s", int64(MaxVersion), shortQuote(text))
	}
	return n
}

// time refuses a time that would be rounded.
func (p *stateParser) time(name string) time.Time {
	text, ok := p.take(name)
	if !ok {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	at = at.UTC()
	switch {
	case err != nil || at.Year() < 1 || at.Year() > 9999:
		p.wrong.add(name, "must be a time such as 2026-01-02T03:04:05.678901Z, not %s", shortQuote(text))
	case !at.Equal(Instant(at)):
		p.wrong.add(name, "must have at most six digits after the seconds, unlike %s", shortQuote(text))
	}
	return at
}

func shortQuote(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}

// Exact is the listing that the record of an export describes: checked by every rule, and with its texts as they are.
// The error is an *InvalidError, or the record's own.
func (r *Record) Exact() (Property, error) {
	if r.Err != nil {
		return Property{}, r.Err
	}
	details, err := r.Details.Checked()
	if err != nil {
		return Property{}, err
	}
	for i := range table {
		if table[i].Type == TextField {
			table[i].carry(&details, &r.Details)
		}
	}
	return Property{
		ID: r.State.ID, Details: details, Version: r.State.Version,
		CreatedAt: r.State.CreatedAt, UpdatedAt: r.State.UpdatedAt,
	}, nil
}
