package cli

import "io"

// Exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1 // the command failed
	ExitUsage  = 2 // invalid command line or configuration
)

// Process is a command's access to its streams.
type Process struct {
	In       io.Reader
	Out, Err io.Writer

	others []string // variables of flags other than settings, such as GABLE_CONFIG
}
