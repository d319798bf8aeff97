//go:build unix

package server

import (
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"
)

// FollowSignals sets the level to debug at SIGUSR1 and back to the configured one at SIGUSR2, until stop is called.
func (l *LogLevel) FollowSignals() (stop func()) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		for s := range received {
			if s == syscall.SIGUSR1 {
				l.set(zap.DebugLevel, "SIGUSR1")
			} else {
				l.set(l.configured, "SIGUSR2")
			}
		}
	}()
	return func() {
		signal.Stop(received)
		close(received)
	}
}
