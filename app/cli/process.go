package cli

import "io"

// Exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1 // the command could not do its work
	ExitUsage  = 2 // the command line or the configuration is wrong
)

// Process is what a command may touch of the world around it.
type Process struct {
	In       io.Reader
	Out, Err io.Writer

	others []string // variables that stand for flags which are no settings, such as GABLE_CONFIG
}
