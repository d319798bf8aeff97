//go:build !unix

package server

// FollowSignals does nothing where there are no such signals; HTTP changes the level.
func (*LogLevel) FollowSignals() (stop func()) { return func() {} }
