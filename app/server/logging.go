package server

import (
	"fmt"
	"io"
	"os"
	"time"
	"unicode"

	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"github.com/gable-listings/gable/app/config"
)

// Sampling of a burst: the first lines with one message are written in full, and then a share of them.
const (
	sampleEvery = time.Second
	sampleFirst = 100
	sampleThen  = 100
)

// NewLogger makes the program's log: JSON for machines, or one line of text for people. An entry is exactly one line,
// whatever a message or field holds. The level can be changed while the log is in use.
func NewLogger(c config.LogConfig, w io.Writer) (*zap.Logger, *LogLevel, error) {
	configured, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, nil, fmt.Errorf("make the log: %w", err)
	}
	encoder := jsonEncoder()
	if c.Format == "console" || c.Format == "auto" && IsTerminal(w) {
		encoder = newConsoleEncoder()
	}
	level := zap.NewAtomicLevelAt(configured)
	log := zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level))
	return log, &LogLevel{level, configured, log}, nil
}

// sampled returns the log for successful reads. Only these may be left out.
func sampled(log *zap.Logger, c config.LogConfig) *zap.Logger {
	if !c.Sampling {
		return log
	}
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, sampleEvery, sampleFirst, sampleThen)
	}))
}

// newFxLogger writes fx's events about the wiring to the log at debug; the caller reports a failed start.
func newFxLogger(log *zap.Logger) fxevent.Logger {
	l := &fxevent.ZapLogger{Logger: log.Named("fx")}
	l.UseLogLevel(zapcore.DebugLevel)
	l.UseErrorLevel(zapcore.DebugLevel)
	return l
}

func encoderConfig() zapcore.EncoderConfig {
	c := zap.NewProductionEncoderConfig()
	c.TimeKey = "time"
	c.MessageKey = "message"
	c.EncodeTime = func(t time.Time, out zapcore.PrimitiveArrayEncoder) {
		out.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	c.EncodeDuration = zapcore.StringDurationEncoder
	c.StacktraceKey = zapcore.OmitKey
	c.CallerKey = zapcore.OmitKey
	return c
}

func jsonEncoder() zapcore.Encoder {
	c := encoderConfig()
	c.EncodeDuration = zapcore.MillisDurationEncoder
	return zapcore.NewJSONEncoder(c)
}

// consoleEncoder is zap's console encoder with every control character escaped. A newline in a message would forge a
// line, and an escape sequence would steer the reader's terminal.
type consoleEncoder struct{ zapcore.Encoder }

func newConsoleEncoder() zapcore.Encoder {
	c := encoderConfig()
	c.EncodeLevel = zapcore.CapitalLevelEncoder
	c.ConsoleSeparator = "  "
	return consoleEncoder{zapcore.NewConsoleEncoder(c)}
}

// Clone returns this type of encoder for the loggers made by With.
func (e consoleEncoder) Clone() zapcore.Encoder { return consoleEncoder{e.Encoder.Clone()} }

// EncodeEntry writes one line.
func (e consoleEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return nil, err
	}
	line.TrimNewline()
	text := EscapeControls(line.String())
	line.Reset()
	line.AppendString(text)
	line.AppendByte('\n')
	return line, nil
}

// EscapeControls writes control characters and line separators the way Go source does: \n, \x1b, \u2028.
func EscapeControls(text string) string {
	safe := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case r == '\n':
			safe = append(safe, `\n`...)
		case r == '\r':
			safe = append(safe, `\r`...)
		case r == '\t':
			safe = append(safe, `\t`...)
		case r < 0x100 && unicode.IsControl(r):
			safe = fmt.Appendf(safe, `\x%02x`, r)
		case unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf):
			safe = fmt.Appendf(safe, `\u%04x`, r)
		default:
			safe = append(safe, string(r)...)
		}
	}
	return string(safe)
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
