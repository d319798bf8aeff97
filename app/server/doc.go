// Package server puts the program together: which parts run, with which numbers of the configuration, and in which
// order they start and stop. What the parts do is written in their own packages. Only this package knows fx.
package server
