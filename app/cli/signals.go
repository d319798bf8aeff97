package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// EndOnSignal returns a context that ends with the first signal to end. These are Ctrl-C, SIGTERM, and SIGHUP from a
// terminal that closes. The cause of the context names the signal. A second Ctrl-C or SIGTERM ends the process at
// once.
//
// SIGPIPE is ignored: when the reader of the log or of the output goes away, a write fails, and the work goes on.
func EndOnSignal() (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup asks to stay
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGHUP) // a terminal that closes sends several
		stop()
	})
	return ctx, stop
}

// readerGone reports whether an error means that a file or pipe has lost its reader; sockets do not count.
func readerGone(err error) bool {
	broken, ok := errors.AsType[*fs.PathError](err)
	return ok && errors.Is(broken, syscall.EPIPE)
}
