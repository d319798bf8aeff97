package servicetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// process runs a server as a child process, with its data in a temporary folder.
type process struct {
	service service
	binary  string
	port    int
	folder  string
	owner   *owner // nil: the user of the tests

	child *os.Process
	ended chan struct{} // closed when the child has ended
}

// owner is the user account for a server that refuses to run as root.
type owner struct{ uid, gid int }

func newProcess(s service, binary string, port int) (machine, error) {
	folder, err := os.MkdirTemp("", "gable-test-")
	if err != nil {
		return nil, err
	}
	p := &process{service: s, binary: binary, port: port, folder: folder, ended: make(chan struct{})}
	if err := p.prepare(); err != nil {
		p.remove()
		return nil, fmt.Errorf("prepare %s: %w", s.name, err)
	}
	return p, nil
}

func (p *process) prepare() error {
	if p.service.unprivilege && os.Geteuid() == 0 {
		var err error
		if p.owner, err = unprivileged(); err != nil {
			return err
		}
		if err := os.Chown(p.folder, p.owner.uid, p.owner.gid); err != nil {
			return err
		}
	}
	if p.service.prepare == nil {
		return nil
	}
	ctx, cancel := within(startTimeout)
	defer cancel()
	return p.service.prepare(ctx, p.binary, p.folder, p.port, p.run)
}

func unprivileged() (*owner, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		return &owner{uid, gid}, errors.Join(err, err2)
	}
	return nil, errors.New("it refuses to run as root, and no other user exists")
}

func (p *process) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.SysProcAttr = p.folder, attributes(p.owner)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, out)
	}
	return nil
}

func (p *process) start(context.Context) error {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.binary, p.service.arguments(p.binary, p.folder, p.port)...)
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = p.folder, attributes(p.owner), log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	p.child, p.ended = cmd.Process, ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	return nil
}

func (p *process) stop(ctx context.Context) error {
	if err := ask(p.child, p.service.gently); err != nil {
		return err
	}
	return p.untilEnded(ctx)
}

// kill freezes the main process first, so that the list of its children is complete.
func (p *process) kill(ctx context.Context) error {
	family, err := freeze(p.child)
	if err != nil {
		return err
	}
	if err := killAll(family); err != nil {
		return err
	}
	if err := p.untilEnded(ctx); err != nil {
		return err
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for anyAlive(family) {
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (p *process) pause(context.Context) error {
	_, err := freeze(p.child)
	return err
}

func (p *process) resume(context.Context) error { return thaw(p.child) }

func (p *process) untilEnded(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *process) remove() {
	if p.child != nil && !p.hasEnded() {
		ctx, cancel := within(stopTimeout)
		defer cancel()
		_ = p.kill(ctx)
	}
	_ = os.RemoveAll(p.folder)
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) died() <-chan struct{} { return p.ended }

func (p *process) logFile() string { return filepath.Join(p.folder, "log") }

func (p *process) log() string {
	text, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-2000):]))
}
