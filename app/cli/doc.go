// Package cli is the command line: the commands, what they print, and their exit codes.
package cli
