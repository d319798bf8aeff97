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

// EventEnd is what stands behind each event.
const EventEnd = "\n\n"

// ParseEvent reads an event from its lines, without what stands behind it.
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
			return e, fmt.Errorf("an event has no line like %q", line)
		}
	}
	return e, nil
}

// eventFaults is what is wrong with an event: each says where it stands, and tells a change under its name or nothing.
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

// checkedEvents is a stream of events that are checked as they are read.
type checkedEvents struct {
	io.ReadCloser

	check func(block string)
	read  string // of an event that has not ended
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
