package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/gable-listings/gable/configs"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "gable.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// loadWith loads the configuration of a command line.
func loadWith(t *testing.T, args ...string) (*Effective, error) {
	t.Helper()
	flags := NewFlags()
	parser, err := kong.New(&flags)
	if err == nil {
		_, err = parser.Parse(args)
	}
	if err != nil {
		t.Fatal(err)
	}
	return flags.Load("GABLE_CONFIG", "GABLE_KEY")
}

func problems(t *testing.T, err error) []string {
	t.Helper()
	var list Error
	if !errors.As(err, &list) {
		t.Fatalf("want the list of problems, got %v", err)
	}
	var lines []string
	for _, p := range list {
		lines = append(lines, p.where+": "+p.what)
	}
	return lines
}

func TestDefaultFileStructVariablesAndFlagsAgreeKeyForKey(t *testing.T) {
	documented := describedKeys(configs.Default)
	flags := fmt.Sprintf("%+v", NewFlags().Settings[0])
	variables := map[string]string{}
	for _, s := range settings() {
		if s.help == "" || strings.Contains(s.help, "\n") {
			t.Errorf("%s: the comment above it in default.yaml must be one line, is %q", s.key, s.help)
		}
		if err := assign(s.field(&Config{}), s.byDefault, s.zeroAllowed); err != nil {
			t.Errorf("%s: the default cannot be read: %v", s.key, err)
		}
		if !strings.Contains(flags, "F"+strings.ReplaceAll(s.flag, "-", "_")+":") {
			t.Errorf("%s has no flag --%s", s.key, s.flag)
		}
		if other, taken := variables[s.env]; taken {
			t.Errorf("%s and %s share the variable %s", other, s.key, s.env)
		}
		variables[s.env] = s.key
		delete(documented, s.key)
	}
	for key := range documented {
		t.Errorf("default.yaml has %s, Config does not", key)
	}
}

func TestNamesFollowFromTheKey(t *testing.T) {
	s := settings()[slices.IndexFunc(settings(), func(s setting) bool { return s.key == "database.max_conns" })]
	if s.env != "GABLE_DATABASE_MAX_CONNS" || s.flag != "database-max-conns" || s.byDefault != "16" {
		t.Errorf("%+v", s)
	}
}

// Most settings have no former key. An empty key in the file is a mistake and stands for none of them.
func TestAnEmptyKeyIsUnknown(t *testing.T) {
	for _, text := range []string{"\"\": postgres://elsewhere/gable\n", "freshness:\n  \"\": false\n"} {
		file := writeFile(t, text)
		if c, err := loadWith(t, "--config", file); err == nil {
			t.Errorf("%q is accepted: the database is %s, warnings %q", text, c.Database.URL, c.Warnings)
		}
	}
}

// An operator who upgrades finds the new name in a warning before the old one stops working.
func TestAFormerKeyStillWorksAndNamesTheNewOne(t *testing.T) {
	for text, notify := range map[string]bool{
		"freshness:\n  bell: false\n": false, "freshness:\n  bell: false\n  notify: true\n": true,
	} {
		file := writeFile(t, text)
		c, err := loadWith(t, "--config", file)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{file + ":freshness.bell: this setting is called freshness.notify now; " +
			"this release is the last that reads the old name"}
		if diff := cmp.Diff(want, c.Warnings); diff != "" || c.Freshness.Notify != notify {
			t.Errorf("%q: notify is %t; warnings (-want +got):\n%s", text, c.Freshness.Notify, diff)
		}
	}
	t.Setenv("GABLE_FRESHNESS_BELL", "false")
	if c, err := loadWith(t); err != nil || c.Freshness.Notify || len(c.Warnings) != 1 ||
		!strings.HasPrefix(c.Warnings[0], "GABLE_FRESHNESS_BELL: ") {
		t.Errorf("by its old variable: %v, %v", c, err)
	}
	if c, err := loadWith(t, "--freshness-bell"); err != nil || !c.Freshness.Notify || len(c.Warnings) != 2 ||
		!strings.HasPrefix(c.Warnings[1], "--freshness-bell: ") {
		t.Errorf("by its old flag: %v, %v", c, err)
	}
	if c, err := loadWith(t, "--freshness-notify"); err != nil || !c.Freshness.Notify {
		t.Errorf("the new flag over the old variable: %v, %v", c, err)
	}
}

func TestDefaultsAreUsable(t *testing.T) {
	c, err := loadWith(t)
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.URL != "sqlite:gable.db" || c.Cache.MaxBytes != 64<<20 ||
		c.Freshness.PollInterval != 50*time.Millisecond ||
		c.HTTP.Address != "127.0.0.1:8080" || c.HTTP.RequireIfMatch || !c.Log.Sampling {
		t.Errorf("%+v", c.Config)
	}
}

func TestFlagsBeatVariablesBeatTheFileBeatDefaults(t *testing.T) {
	file := writeFile(t,
		"http:\n  max_in_flight: 1\n  max_body: 1KiB\n  idle_timeout: 1m\n  require_if_match: true\ncache:\n")
	t.Setenv("GABLE_HTTP_MAX_IN_FLIGHT", "2")
	t.Setenv("GABLE_HTTP_MAX_BODY", "2KiB")
	c, err := loadWith(t, "--config", file, "--http-max-in-flight", "3", "--log-sampling=false")
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.MaxInFlight != 3 || c.HTTP.MaxBody != 2048 || c.HTTP.IdleTimeout != time.Minute ||
		!c.HTTP.RequireIfMatch || c.Log.Sampling {
		t.Errorf("%+v %+v", c.HTTP, c.Log)
	}
	want := map[string]string{
		"http.max_in_flight": "--http-max-in-flight", "http.max_body": "GABLE_HTTP_MAX_BODY",
		"http.idle_timeout": file + ":http.idle_timeout", "http.read_timeout": "default",
	}
	for key, origin := range want {
		if c.origins[key] != origin {
			t.Errorf("%s comes from %q, want %q", key, c.origins[key], origin)
		}
	}
}

func TestTheFileCanBeNamedInTheEnvironment(t *testing.T) {
	t.Setenv("GABLE_CONFIG", writeFile(t, "log:\n  level: debug\n"))
	if c, err := loadWith(t); err != nil || c.Log.Level != "debug" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestEverythingWrongIsListedWithItsPlaceAndWhatWouldBeRight(t *testing.T) {
	file := writeFile(t,
		"http:\n  adress: x\n  max_body: [1]\n  address: nowhere\nserver: 1\nview: 5\ncache:\n  timeout:\n")
	t.Setenv("GABLE_CACHE_TTL", "1 hour")
	t.Setenv("GABLE_DATABASE_MAX_CONS", "5")
	t.Setenv("GABLE_LOG_FORMAT", "")
	t.Setenv("GABLE_HTTP_CDN_MAX_AGE", "-1s")
	t.Setenv("GABLE_TEST_POSTGRES_URL", "somebody else's")
	t.Setenv("GABLE_BENCH_ROWS", "somebody else's")
	t.Setenv("GABLE_KEY", "somebody else's")
	_, err := loadWith(t, "--config", file, "--database-max-conns", "0", "--freshness-poll-interval", "1m",
		"--http-trusted-proxies", "10.0.0.0/8,proxy", "--log-level", "loud", "--listings-default-currency", "usd", "--view-max-bytes", "5QB", "--shutdown-delay", "1h")
	want := []string{
		file + ":http.adress: unknown key; did you mean http.address?",
		file + ":server: unknown key",
		file + ":view: is a section; its keys stand indented below it",
		"GABLE_DATABASE_MAX_CONS: unknown variable; did you mean GABLE_DATABASE_MAX_CONNS?",
		`--database-max-conns: "0" must be more than zero`,
		`GABLE_CACHE_TTL: invalid duration "1 hour"; write it with units, like 500ms, 15s or 1h30m`,
		file + ":cache.timeout: has no value; leave the key out to use the default",
		`--view-max-bytes: invalid size "5QB"; write a number of bytes, or one with a unit, like 512KiB or 64MiB`,
		file + ":http.max_body: must be a single value, not a list or a section",
		`GABLE_HTTP_CDN_MAX_AGE: "-1s" must not be negative`,
		"GABLE_LOG_FORMAT: is empty; leave it out to use the default",
		"--freshness-poll-interval: 1m must not be longer than freshness.idle_poll_interval (250ms)",
		"--shutdown-delay: 1h must not be longer than shutdown.timeout (15s)",
		file +
			`:http.address: invalid listen address "nowhere"; write host:port, like 127.0.0.1:8080 or :8080, or unix:/path`,
		`--http-trusted-proxies: "proxy" is not a network or address; write it like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7`,
		`--listings-default-currency: invalid currency "usd"; write an ISO 4217 code, like USD or HKD`,
		`--log-level: "loud" must be one of debug, info, warn, error`,
	}
	if diff := cmp.Diff(want, problems(t, err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheProxyProtocolNeedsProxies(t *testing.T) {
	_, err := loadWith(t, "--http-proxy-protocol")
	want := []string{"--http-proxy-protocol: needs the proxies in http.trusted_proxies"}
	if diff := cmp.Diff(want, problems(t, err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := loadWith(t, "--http-proxy-protocol", "--http-trusted-proxies", "192.0.2.7"); err != nil {
		t.Error(err)
	}
}

func TestABasePathIsWrittenInOneWay(t *testing.T) {
	for _, path := range []string{"/", "/homes", "/a/b-c_d.e~f/0", "/" + strings.Repeat("x", longestBasePath-1)} {
		c, err := loadWith(t, "--http-base-path", path)
		if err != nil || c.HTTP.Base() != strings.TrimSuffix(path, "/") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{
		"homes", "/homes/", "//", "//homes", "/a//b", "/.", "/a/../b", "/a/.", "/a b", "/a%20b", "/a?b", "/a#b", "/häuser", "/a;b",
		"/a\"b", "/{id}", "/a\nb", "https://example.org/homes", "none", "/" + strings.Repeat("x", longestBasePath),
	} {
		_, err := loadWith(t, "--http-base-path", path)
		got := problems(t, err)
		if len(got) != 1 || !strings.HasPrefix(got[0], "--http-base-path: invalid path") || strings.Contains(got[0], "\n") {
			t.Errorf("%q: %q", path, got)
		}
	}
	_, err := loadWith(t, "--http-public-url", "https://example.org/homes")
	if got := problems(t, err); len(got) != 1 || !strings.HasSuffix(got[0], "; a path goes into http.base_path") {
		t.Errorf("a public URL with a path: %q", got)
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	broken := writeFile(t, "http: [\n")
	twice := writeFile(t, "log:\n  level: info\n  level: debug\n")
	for file, want := range map[string]string{
		"/nowhere/gable.yaml": "/nowhere/gable.yaml: cannot be read: no such file or directory",
		broken:                broken + ": is not a YAML file of sections and keys, line 1",
		twice:                 twice + ": is not a YAML file of sections and keys, line 3",
	} {
		_, err := loadWith(t, "--config", file)
		if got := problems(t, err); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q, want one that begins with %q", file, got, want)
		}
	}
}

func TestSizesAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]Bytes{"1": 1, "100B": 100, "512KiB": 512 << 10, "64 MiB": 64 << 20,
		"2GiB": 2 << 30} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1.5MiB", "MiB", "1MB", "99999999999GiB"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
	if got := fmt.Sprint(Bytes(64<<20), Bytes(1536<<10), Bytes(100), Bytes(0)); got != "64MiB 1536KiB 100B 0B" {
		t.Error(got)
	}
}
