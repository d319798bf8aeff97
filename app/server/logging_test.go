package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/app/config"
)

func loggerTo(t *testing.T, c config.LogConfig) (*zap.Logger, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	log, _, err := NewLogger(c, &out)
	if err != nil {
		t.Fatal(err)
	}
	return log, &out
}

func TestAnEntryIsOneLineWhateverItHolds(t *testing.T) {
	forged := "hello\n2026-03-14T12:00:00.000Z  ERROR  all is lost\r\x1b[2J\u009b31m\u2028\u202e\x00"
	for _, format := range []string{"console", "json"} {
		log, out := loggerTo(t, config.LogConfig{Level: "info", Format: format})
		log.Named(forged).With(zap.String("with", forged)).Info(forged,
			zap.String(forged, forged), zap.Error(errors.New(forged)), zap.Any("any", []string{forged}))
		if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "\n") {
			t.Errorf("%s: more than one line:\n%q", format, out)
		}
		if format == "console" && strings.ContainsAny(strings.TrimSuffix(out.String(), "\n"),
			"\r\x1b\u009b\u2028\u202e\x00") {
			t.Errorf("a control character reaches the terminal: %q", out)
		}
		if !strings.Contains(out.String(), "all is lost") {
			t.Errorf("%s: the message is lost: %q", format, out)
		}
	}
}

func TestOrdinaryTextIsWrittenAsItIs(t *testing.T) {
	log, out := loggerTo(t, config.LogConfig{Level: "info", Format: "console"})
	log.Info(`Häuser 🏡 "quoted" \n`, zap.Int("count", 3))
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  INFO  Häuser 🏡 "quoted" \\n  \{"count": 3\}\n$`).MatchString(out.String()) {
		t.Errorf("%q", out)
	}
}

func TestJSONEntriesHaveTimeInMillisecondsLevelAndMessage(t *testing.T) {
	log, out := loggerTo(t, config.LogConfig{Level: "info", Format: "auto"}) // a buffer is no terminal
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
	log, out := loggerTo(t, config.LogConfig{Level: "warn", Format: "json"})
	log.Info("chatter")
	log.Warn("matter")
	if strings.Contains(out.String(), "chatter") || !strings.Contains(out.String(), "matter") {
		t.Errorf("%q", out)
	}
}

func TestABurstIsSampledWhenSoConfigured(t *testing.T) {
	for sampling, want := range map[bool]int{true: 100 + 1, false: 250} {
		c := config.LogConfig{Level: "info", Format: "json", Sampling: sampling}
		log, out := loggerTo(t, c)
		reads := sampled(log, c)
		for range 250 {
			reads.Info("request")
		}
		if got := strings.Count(out.String(), "\n"); got > want+100 || got < want { // the burst may straddle two seconds
			t.Errorf("sampling %v: %d lines, want %d", sampling, got, want)
		}
	}
}

func TestTheLevelChangesOverHTTPAndEachChangeIsInTheLog(t *testing.T) {
	var out bytes.Buffer
	log, level, err := NewLogger(config.LogConfig{Level: "info", Format: "json"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, media, body string) string {
		r := httptest.NewRequestWithContext(t.Context(), method, "/log/level", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		w := httptest.NewRecorder()
		level.ServeHTTP(w, r)
		return strings.TrimSpace(w.Body.String())
	}
	const form, jsonMedia = "application/x-www-form-urlencoded", "application/json"
	for _, c := range []struct{ method, media, body, answer, logged string }{
		{"GET", "", "", `{"level":"info"}`, ""},
		{"PUT", form, "level=debug", `{"level":"debug"}`, `"from":"info","to":"debug"`},
		{"PUT", jsonMedia, `{"level":"debug"}`, `{"level":"debug"}`, ""},
		{"PUT", jsonMedia, `{"level":"error"}`, `{"level":"error"}`, `"from":"debug","to":"error"`},
		{"PUT", form, "level=loud", `{"error":"unrecognized level: \"loud\""}`, ""},
		{"POST", form, "level=info", `{"error":"Only GET and PUT are supported."}`, ""},
		{"PUT", form, "level=info", `{"level":"info"}`, `"from":"error","to":"info"`},
	} {
		out.Reset()
		if got := ask(c.method, c.media, c.body); got != c.answer {
			t.Errorf("%s %s: %s, want %s", c.method, c.body, got, c.answer)
		}
		if (out.Len() > 0) != (c.logged != "") || !strings.Contains(out.String(), c.logged) {
			t.Errorf("%s %s: the log has %q", c.method, c.body, out.String())
		}
		out.Reset()
		if log.Debug("chatter"); (out.Len() > 0) != (level.Level() == zap.DebugLevel) {
			t.Errorf("%s %s: at %s the log has %q", c.method, c.body, level.Level(), out.String())
		}
	}
}

func TestAnUnknownLevelIsAnError(t *testing.T) {
	if _, _, err := NewLogger(config.LogConfig{Level: "loud"}, &bytes.Buffer{}); err == nil {
		t.Error("accepted")
	}
}

func TestFxSpeaksAtDebugOnly(t *testing.T) {
	for level, speaks := range map[string]bool{"debug": true, "info": false} {
		log, out := loggerTo(t, config.LogConfig{Level: level, Format: "json"})
		app := fx.New(fx.WithLogger(func() fxevent.Logger { return newFxLogger(log) }),
			fx.Invoke(func() error { return errors.New("no") }))
		if app.Err() == nil {
			t.Fatal("want the invoke's error")
		}
		if got := out.Len() > 0; got != speaks {
			t.Errorf("at %s: %q", level, out)
		}
	}
}
