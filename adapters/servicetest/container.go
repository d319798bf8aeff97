package servicetest

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// container runs a server in Docker, through the docker command.
type container struct {
	id string
}

const dockerTimeout = 2 * time.Second

var dockerAnswers = sync.OnceValue(func() bool {
	ctx, cancel := within(dockerTimeout)
	defer cancel()
	_, err := docker(ctx, "info")
	return err == nil
})

// newContainer makes a container without starting it. The error wraps errMissing when the service has no image or
// Docker does not answer.
func newContainer(s service, port int) (machine, error) {
	if s.image == "" || !dockerAnswers() {
		return nil, fmt.Errorf("%s is %w for tests: %s", s.name, errMissing, s.howToGet)
	}
	ctx, cancel := within(5 * time.Minute) // the image may have to be fetched
	defer cancel()
	args := []string{"create", "--publish", "127.0.0.1:" + strconv.Itoa(port) + ":" + strconv.Itoa(s.imagePort)}
	for _, variable := range s.imageEnv {
		args = append(args, "--env", variable)
	}
	id, err := docker(ctx, append(append(args, s.image), s.imageArgs...)...)
	if err != nil {
		return nil, err
	}
	return &container{id: id}, nil
}

func docker(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (c *container) do(ctx context.Context, verb string) error {
	_, err := docker(ctx, verb, c.id)
	return err
}

func (c *container) start(ctx context.Context) error  { return c.do(ctx, "start") }
func (c *container) stop(ctx context.Context) error   { return c.do(ctx, "stop") }
func (c *container) kill(ctx context.Context) error   { return c.do(ctx, "kill") }
func (c *container) pause(ctx context.Context) error  { return c.do(ctx, "pause") }
func (c *container) resume(ctx context.Context) error { return c.do(ctx, "unpause") }

func (c *container) remove() {
	ctx, cancel := within(stopTimeout)
	defer cancel()
	_, _ = docker(ctx, "rm", "--force", "--volumes", c.id)
}

// died returns nil, which never reports an end: the wait for an answer ends by its deadline.
func (c *container) died() <-chan struct{} { return nil }

func (c *container) log() string {
	ctx, cancel := within(dockerTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "logs", "--tail", "20", c.id).CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return string(out)
}
