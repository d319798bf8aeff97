package server

import (
	"net/http"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// LogLevel is the least severe level that the log writes. A signal or an HTTP request can change it at run time, and
// each change is logged.
type LogLevel struct {
	zap.AtomicLevel
	configured zapcore.Level
	log        *zap.Logger
}

// set changes the level. It logs the change while the more verbose of both levels is in force.
func (l *LogLevel) set(to zapcore.Level, by string) {
	from := l.Level()
	announce := func() {
		l.log.Warn("log level changed", zap.Stringer("from", from), zap.Stringer("to", to), zap.String("by", by))
	}
	switch {
	case to > from:
		announce()
		l.SetLevel(to)
	case to < from:
		l.SetLevel(to)
		announce()
	}
}

// ServeHTTP answers GET with {"level":"info"}, and changes the level on PUT with the same JSON, or with the form
// level=debug.
func (l *LogLevel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := zap.NewAtomicLevelAt(l.Level())
	asked.ServeHTTP(w, r)
	l.set(asked.Level(), r.RemoteAddr)
}
