package contracttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Event is one event of a stream. A heartbeat has only an ID.
type Event struct{ ID, Name, Data string }

// EventEnd ends each event.
const EventEnd = "\n\n"

// ParseEvent reads an event from its lines, without EventEnd.
func ParseEvent(block string) (Event, error) {
	var e Event
	for line := range strings.SplitSeq(block, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "": // a comment
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			e.Data = value
		default:
			return e, fmt.Errorf("parse event: unknown line %q", line)
		}
	}
	return e, nil
}

// eventFaults checks one event: it must have an id, and either carry a change under its name or be a heartbeat.
func (c *Contract) eventFaults(block string) []string {
	e, err := ParseEvent(block)
	switch {
	case err != nil:
		return []string{err.Error()}
	case e.ID == "":
		return []string{"an event without an id"}
	case e.Data == "" && e.Name == "":
		return nil
	}
	var change struct{ Op string }
	if err := json.Unmarshal([]byte(e.Data), &change); err != nil || change.Op != e.Name {
		return []string{fmt.Sprintf("an event called %q with the data %s", e.Name, e.Data)}
	}
	_, faults := c.schemas.ValidateSchemaBytes(c.model.Components.Schemas.GetOrZero("Change").Schema(), []byte(e.Data))
	return texts(faults)
}

const eventStream = "text/event-stream"

func isStream(res *http.Response) bool { return res.Header.Get("Content-Type") == eventStream }

// checkedEvents is a stream that checks each event as it is read.
type checkedEvents struct {
	io.ReadCloser

	check func(block string)
	read  string // the beginning of an event that has not ended
}

// Read implements io.Reader.
func (e *checkedEvents) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.read += string(p[:n])
	for {
		block, rest, ended := strings.Cut(e.read, EventEnd)
		if !ended {
			return n, err
		}
		e.check(block)
		e.read = rest
	}
}
