package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gable-listings/gable/app/config"
)

func TestConfigCheckListsProblemsWithCode2(t *testing.T) {
	code, out, err := gable(t, "config", "check", "--log-level", "loud", "--http-max-in-flight", "many")
	want := "gable: invalid configuration:\n" +
		"  --http-max-in-flight: \"many\" must be a whole number\n" +
		"  --log-level: \"loud\" must be one of debug, info, warn, error\n"
	if code != 2 || out != "" || err != want {
		t.Errorf("code %d, stdout %q, stderr:\n%s", code, out, err)
	}
}

func TestPasswordsAreNeverShown(t *testing.T) {
	for _, url := range []string{
		"postgres://gable:s3cret@db/gable", "postgres://gable:s3cret@with@/and/slash@db/gable", "postgres://:s3cret@db",
		"postgres://gable@db/gable?password=s3cret&sslmode=require", "postgres://db/gable?sslpassword=s3cret",
		"rediss+sentinel://u:s3cret@a:1/0?master_name=m&sentinel_password=s3cret", "postgres://u:s3cret%zz@db", "mysql://u:s3cret@db",
	} {
		shown := fmt.Sprintf("%s %v %+v %#v %q", config.URL(url), config.URL(url),
			config.DatabaseConfig{URL: config.URL(url)}, config.URL(url), config.URL(url))
		_, out, err := gable(t, "config", "check", "--database-url", url, "--cache-url", url)
		_, out2, err2 := gable(t, "config", "check", "--database-url", url)
		if all := shown + out + err + out2 + err2; strings.Contains(all, "s3cret") || strings.Contains(all, "and/slash") {
			t.Errorf("%s is shown:\n%s", url, all)
		}
	}
	if got := config.URL("postgres://gable:s3cret@db/gable").String(); got != "postgres://gable:xxxxx@db/gable" {
		t.Errorf("masked as %q", got)
	}
	if got := config.URL("sqlite:/var/lib/gable@home.db").String(); got != "sqlite:/var/lib/gable@home.db" {
		t.Errorf("nothing to mask, but %q", got)
	}
}

func TestConfigCheckShowsWhatIsInForceAndCanBeReadBack(t *testing.T) {
	t.Setenv("GABLE_HTTP_ADDRESS", ":9090")
	code, out, _ := gable(t, "config", "check", "--cache-max-bytes", "1536KiB")
	for _, line := range []string{
		`  address: :9090                             # GABLE_HTTP_ADDRESS`,
		`  max_bytes: 1536KiB                         # --cache-max-bytes`,
		`  url: "memory:"                             # default`,
		`  retention: 168h                            # default`,
	} {
		if code != 0 || !strings.Contains(out, "\n"+line+"\n") {
			t.Errorf("code %d, no line %q in:\n%s", code, line, out)
		}
	}
	os.Unsetenv("GABLE_HTTP_ADDRESS")
	t.Setenv("GABLE_KEY", "somebody else's")
	code, again, _ := gable(t, "config", "check", "--config", newFile(t, "gable.yaml", out))
	if code != 0 || !strings.Contains(again, "  address: :9090 ") || !strings.Contains(again, "  max_bytes: 1536KiB ") {
		t.Errorf("read back: code %d, %s", code, again)
	}
}
