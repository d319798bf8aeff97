//go:build !unix

package main

// followSignals does nothing where there are no such signals; HTTP changes the level.
func (*logLevel) followSignals() (stop func()) { return func() {} }
