package cli

import (
	"errors"
	"io"
)

// Exit codes.
const (
	ExitOK       = 0
	ExitFailed   = 1 // the command failed
	ExitUsage    = 2 // invalid command line or configuration
	ExitRejected = 3 // an import came to its end, and rejected rows
)

// errRejected means that an import came to its end, and has printed which rows it rejected.
var errRejected = errors.New("rows were rejected")

// Process is a command's access to its streams.
type Process struct {
	In       io.Reader
	Out, Err io.Writer

	others []string // variables of flags other than settings, such as GABLE_CONFIG
}
