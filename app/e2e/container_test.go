package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/app/apptest"
)

// composed is the part of docker-compose.yml that the tests check.
type composed struct {
	Services map[string]struct {
		Image       string
		Environment map[string]string
		Command     any
		Ports       []string
	}
}

func composeFile(t *testing.T) (text string, file composed) {
	t.Helper()
	data, err := os.ReadFile("../../docker-compose.yml")
	apptest.Must(t, err)
	apptest.Must(t, yaml.Unmarshal(data, &file))
	return string(data), file
}

func TestComposeHasNoPasswordOfItsOwnAndPublishesToThisMachineAlone(t *testing.T) {
	text, file := composeFile(t)
	for _, variable := range regexp.MustCompile(`\$\{\w+[^}]*\}`).FindAllString(text, -1) {
		if !strings.Contains(variable, ":?") {
			t.Errorf("%s has a default, or may be empty", variable)
		}
	}
	for name, service := range file.Services {
		for _, port := range service.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s", name, port)
			}
		}
		for variable, value := range service.Environment {
			if strings.HasSuffix(variable, "PASSWORD") && !strings.HasPrefix(value, "${"+variable+":?") {
				t.Errorf("%s: %s is %s", name, variable, value)
			}
		}
	}
	if user, set := file.Services["postgres"].Environment["POSTGRES_USER"]; set {
		t.Errorf("the superuser of Postgres is %s, which the service must not use", user)
	}
}

// A tag may mean another image tomorrow; a digest never does.
func TestEveryImageOfOthersIsPinnedByItsDigest(t *testing.T) {
	pinned := regexp.MustCompile(`^\w+:[\w.]+@sha256:[0-9a-f]{64}$`)
	text, err := os.ReadFile("../../configs/container/Containerfile")
	apptest.Must(t, err)
	images := 0
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "FROM" {
			if images++; !pinned.MatchString(words[1]) {
				t.Errorf("the container is built from %s", words[1])
			}
		}
	}
	_, file := composeFile(t)
	for name, service := range file.Services {
		if service.Image == "gable:dev" { // our own
			continue
		}
		if images++; !pinned.MatchString(service.Image) {
			t.Errorf("%s runs %s", name, service.Image)
		}
	}
	if images != 4 {
		t.Errorf("%d images are checked", images)
	}
}

// The default of the image hides the operators' listener from the outside.
func TestTheImageKeepsTheOperatorsListenerInside(t *testing.T) {
	text, err := os.ReadFile("../../configs/container/Containerfile")
	apptest.Must(t, err)
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") && (strings.Contains(line, "GABLE_OPS_ADDRESS") || strings.Contains(line, "8081")) {
			t.Errorf("the Containerfile has: %s", line)
		}
	}
}

// The commands that the user of Redis has in docker-compose.yml are those that the guide names.
func TestComposeLetsTheServiceRunTheCommandsOfTheGuide(t *testing.T) {
	_, file := composeFile(t)
	command := file.Services["redis"].Command.([]any)
	rights := regexp.MustCompile(`~gable:\*( [+-]\w+)+`)
	got := rights.FindString(command[len(command)-1].(string))
	guide, err := os.ReadFile("../../adapters/web/docs/guide/operations.md")
	apptest.Must(t, err)
	if want := rights.FindString(string(guide)); got == "" || got != want {
		t.Errorf("compose has %q, the guide %q", got, want)
	}
}
