package rediscache

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"
)

func TestURLsSayWhereRedisIs(t *testing.T) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	for url, want := range map[string]redis.UniversalOptions{
		"redis://localhost":            {Addrs: []string{"localhost:6379"}},
		"redis://cache.example:6380/3": {Addrs: []string{"cache.example:6380"}, DB: 3},
		"redis://:p%40ss@[::1]/":       {Addrs: []string{"[::1]:6379"}, Password: "p@ss"},
		"rediss://user:pass@cache.example": {Addrs: []string{"cache.example:6379"}, Username: "user", Password: "pass",
			TLSConfig: secure},
		"unix:///run/redis.sock":          {Addrs: []string{"/run/redis.sock"}},
		"unix://u:p@/run/redis.sock?db=2": {Addrs: []string{"/run/redis.sock"}, DB: 2, Username: "u", Password: "p"},
		"redis+sentinel://one/1?master_name=gable&addr=two&addr=three:7000&sentinel_username=u&sentinel_password=p": {
			Addrs: []string{"one:26379", "two:26379", "three:7000"}, DB: 1, MasterName: "gable",
			SentinelUsername: "u", SentinelPassword: "p",
		},
		"rediss+sentinel://one?master_name=gable": {Addrs: []string{"one:26379"}, MasterName: "gable", TLSConfig: secure},
		"redis+cluster://one":                     {Addrs: []string{"one:6379"}, IsClusterMode: true},
		"rediss+cluster://:pass@one:7000?addr=two:7001": {
			Addrs: []string{"one:7000", "two:7001"}, Password: "pass", IsClusterMode: true, TLSConfig: secure,
		},
	} {
		got, err := parseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if diff := cmp.Diff(&want, got, cmpopts.IgnoreUnexported(tls.Config{})); diff != "" {
			t.Errorf("%s (- want, + got):\n%s", url, diff)
		}
	}
}

func TestWrongURLsAreRefusedWithoutShowingThePassword(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://:secret@localhost", "redis://", "redis://:secret@", "redis:localhost",
		"redis://:secret@localhost/first", "redis://:secret@localhost/-1", "redis://:secret@localhost/1/2",
		"redis://:sec#ret@localhost", "redis://:sec/ret@localhost", "redis://:sec%ret@localhost",
		"redis://:secret@one,two", "redis://:secret@localhost:port", "redis://:secret@localhost:65536",
		"redis://:secret@localhost:0",
		"redis+cluster://:secret@one?addr=two:99999", "redis+sentinel://:secret@one:70000?master_name=gable",
		"redis://:secret@localhost?pool_size=5",
		"redis://:secret@localhost?addr=two", "unix://:secret@host/path", "unix://", "unix:///run/redis.sock?db=x",
		"redis+sentinel://:secret@one", "redis+sentinel://:secret@one?master_name=gable&db=1",
		"redis+cluster://:secret@one/1", "redis+cluster://:secret@one?addr=", "redis+cluster://:secret@one?addr=two/3",
		"redisscluster://one", "redis+://one",
	} {
		got, err := parseURL(url)
		if !errors.Is(err, ErrInvalidURL) || got != nil {
			t.Errorf("%s: %+v, error %v", url, got, err)
		} else if strings.Contains(err.Error(), "sec") || strings.Contains(err.Error(), "ret@") {
			t.Errorf("%s: the message shows the password: %v", url, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("redis://user:pass@localhost:6379/1")
	f.Add("rediss+sentinel://one?master_name=gable&addr=two:1")
	f.Add("unix:///run/redis.sock?db=2")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseURL(text)
		if (o == nil) != (err != nil) || err != nil && !errors.Is(err, ErrInvalidURL) {
			t.Errorf("options %+v, error %v", o, err)
		}
		if err == nil && len(o.Addrs) == 0 {
			t.Error("a URL without an address")
		}
	})
}
