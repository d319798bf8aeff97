package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
)

func loggerTo(t *testing.T, c LogConfig) (*zap.Logger, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	log, err := newLogger(c, &out)
	if err != nil {
		t.Fatal(err)
	}
	return log, &out
}

func TestAnEntryIsOneLineWhateverItHolds(t *testing.T) {
	forged := "hello\n2026-03-14T12:00:00.000Z  ERROR  all is lost\r\x1b[2J\u009b31m\u2028\u202e\x00"
	for _, format := range []string{"console", "json"} {
		log, out := loggerTo(t, LogConfig{Level: "info", Format: format})
		log.Named(forged).With(zap.String("with", forged)).Info(forged,
			zap.String(forged, forged), zap.Error(errors.New(forged)), zap.Any("any", []string{forged}))
		if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "\n") {
			t.Errorf("%s: more than one line:\n%q", format, out)
		}
		if format == "console" && strings.ContainsAny(strings.TrimSuffix(out.String(), "\n"), "\r\x1b\u009b\u2028\u202e\x00") {
			t.Errorf("a control character reaches the terminal: %q", out)
		}
		if !strings.Contains(out.String(), "all is lost") {
			t.Errorf("%s: the message is lost: %q", format, out)
		}
	}
}

func TestOrdinaryTextIsWrittenAsItIs(t *testing.T) {
	log, out := loggerTo(t, LogConfig{Level: "info", Format: "console"})
	log.Info(`Häuser 🏡 "quoted" \n`, zap.Int("count", 3))
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  INFO  Häuser 🏡 "quoted" \\n  \{"count": 3\}\n$`).MatchString(out.String()) {
		t.Errorf("%q", out)
	}
}

func TestJSONEntriesHaveTimeInMillisecondsLevelAndMessage(t *testing.T) {
	log, out := loggerTo(t, LogConfig{Level: "info", Format: "auto"}) // a buffer is no terminal
	log.Warn("late", zap.String("what", "feed"))
	var entry map[string]string
	if err := json.Unmarshal(out.Bytes(), &entry); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	if entry["level"] != "warn" || entry["message"] != "late" || entry["what"] != "feed" ||
		!regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(entry["time"]) {
		t.Errorf("%v", entry)
	}
}

func TestLinesBelowTheLevelAreNotWritten(t *testing.T) {
	log, out := loggerTo(t, LogConfig{Level: "warn", Format: "json"})
	log.Info("chatter")
	log.Warn("matter")
	if strings.Contains(out.String(), "chatter") || !strings.Contains(out.String(), "matter") {
		t.Errorf("%q", out)
	}
}

func TestABurstIsSampledWhenSoConfigured(t *testing.T) {
	for sampling, want := range map[bool]int{true: 100 + 1, false: 250} {
		log, out := loggerTo(t, LogConfig{Level: "info", Format: "json", Sampling: sampling})
		for range 250 {
			log.Info("request")
		}
		if got := strings.Count(out.String(), "\n"); got > want+100 || got < want { // the burst may straddle two seconds
			t.Errorf("sampling %v: %d lines, want %d", sampling, got, want)
		}
	}
}

func TestAnUnknownLevelIsAnError(t *testing.T) {
	if _, err := newLogger(LogConfig{Level: "loud"}, &bytes.Buffer{}); err == nil {
		t.Error("accepted")
	}
}

func TestFxSpeaksAtDebugOnly(t *testing.T) {
	for level, speaks := range map[string]bool{"debug": true, "info": false} {
		log, out := loggerTo(t, LogConfig{Level: level, Format: "json"})
		app := fx.New(fx.WithLogger(func() fxevent.Logger { return newFxLogger(log) }), fx.Invoke(func() error { return errors.New("no") }))
		if app.Err() == nil {
			t.Fatal("want the invoke's error")
		}
		if got := out.Len() > 0; got != speaks {
			t.Errorf("at %s: %q", level, out)
		}
	}
}
