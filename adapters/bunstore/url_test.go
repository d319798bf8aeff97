package bunstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/bunstore"
)

func TestAURLIsRefusedWithAReasonAndWithoutItsText(t *testing.T) {
	const parts, port, parameter = "its parts are ambiguous", "a port is a number", "the value of its parameter "
	for url, want := range map[string]string{
		"":                                 "it begins with",
		"mysql://u:topsecret@h":            "it begins with",
		"host=h user=u password=topsecret": "it begins with",
		"postgres:topsecret":               "it begins with",
		"sqlite:":                          "the path is missing",
		"sqlite://topsecret.db":            "an absolute path",
		"sqlite:topsecret\x00.db":          "a zero byte",
		"postgres://gable:a@topsecret:b@localhost/db":                   "written as %XX",
		"postgres://gable:a@topsecret@localhost/db":                     "written as %XX",
		"postgres://gable:12/topsecret@localhost/db":                    "written as %XX",
		"postgres://gable:12?topsecret@localhost/db":                    "written as %XX",
		"postgres://gable:12?topsecret=x@localhost/db":                  "written as %XX",
		"postgres://gable:12#topsecret@localhost/db":                    "written as %XX",
		"postgres://gable:p#topsecret":                                  "written as %XX",
		"postgres://gable:topsecret%zz@localhost/db":                    parts,
		"postgres://gable:topsecret@[::1/db":                            parts,
		"postgres://gable:topsecret/db":                                 port, // the host is missing
		"postgres://gable:topsecret@localhost:99999/x":                  port,
		"postgres://gable:topsecret@localhost:0/x":                      port,
		"postgres://gable:topsecret@a:1,b:topsecret/x":                  port,
		"postgresql://gable:topsecret@[::1]:65536/x":                    port,
		"postgres://gable:topsecret@h/x?sslmode=bogus":                  parameter + "sslmode",
		"postgres://gable:topsecret@h/x?application_name=a&sslmode=off": parameter + "sslmode",
		"postgres://h/x?sslrootcert=/topsecret/none":                    parameter + "sslrootcert",
		"postgres://h/x?connect_timeout=topsecret":                      parameter + "connect_timeout",
		"postgres://h/x?target_session_attrs=topsecret":                 parameter + "target_session_attrs",
		"postgres://h/x?port=topsecret":                                 parameter + "port",
		"postgres://h/x?sslmode=topsecret&port=topsecret":               "the values of its parameters",
	} {
		checked := bunstore.CheckURL(url)
		_, opened := bunstore.Open(t.Context(), bunstore.Options{URL: url})
		if !errors.Is(checked, bunstore.ErrInvalidURL) || !errors.Is(opened, bunstore.ErrInvalidURL) {
			t.Errorf("%q: checked %v, opened %v", url, checked, opened)
			continue
		}
		if text := checked.Error(); !strings.Contains(text, want) || opened.Error() != "open database: "+text {
			t.Errorf("%q: checked %q, opened %q, want %q in both", url, text, opened, want)
		}
		if strings.Contains(opened.Error(), "topsecret") {
			t.Errorf("%q is shown: %v", url, opened)
		}
	}
}

func TestAVariableThatLibpqReadsIsBlamedForItself(t *testing.T) {
	t.Setenv("PGSSLMODE", "bogus")
	if err := bunstore.CheckURL("postgres://localhost/x"); err == nil ||
		!strings.Contains(err.Error(), "a PG… variable") {
		t.Error(err)
	}
}

func TestURLsThatLibpqUnderstandsAreAccepted(t *testing.T) {
	for _, url := range []string{
		"postgres://", "postgres://localhost", "postgresql://gable@localhost/gable",
		"postgres://gable:p%40ss%2F%3Aword@h:5433/x",
		"postgres://a:1,b:2/x?target_session_attrs=read-write", "postgres:///x?host=/run/postgresql",
		"postgres://u@%2Frun%2Fpostgresql/x",
		"postgres://[::1]:5432/x?sslmode=disable", "postgres://h/x?application_name=a%40b", "postgres://h:/x",
		"sqlite:gable.db", "sqlite::memory:", "sqlite:/var/lib/gable@home.db", "sqlite:///var/lib/what?#.db",
	} {
		if err := bunstore.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	f.Add("postgres://u:", "p@ss", "@h:1/x")
	f.Add("postgres://u", "@h?sslpassword=", "&sslmode=x")
	f.Add("sqlite:", "//", "")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		marked := "topsecret" + secret
		if err := bunstore.CheckURL(before + marked + after); err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Errorf("shown: %v", err)
		}
	})
}
