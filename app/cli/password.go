package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/domain/access"
	"golang.org/x/term"
)

// passwordFlags say where a password comes from when nobody is asked.
type passwordFlags struct {
	PasswordStdin bool `xor:"password" help:"Take the password from the first line of standard input."`
	Generate      bool `xor:"password" help:"Make a strong password, and print it alone on standard output."`
}

// AfterApply refuses a command line that leaves nobody to ask.
func (f *passwordFlags) AfterApply(p *Process) error {
	if f.PasswordStdin || f.Generate || server.IsTerminal(p.In) {
		return nil
	}
	return errors.New("there is no terminal to ask for a password on: use --password-stdin or --generate")
}

// password asks for the password of the account of this name, reads it or makes it, as the flags say.
func (f *passwordFlags) password(ctx context.Context, p *Process, name string) (string, error) {
	terminal, _ := p.In.(*os.File)
	switch {
	case f.Generate:
		return newPassword(name), nil
	case f.PasswordStdin:
		return firstLine(p.In)
	}
	return askTwice(func(question string) (string, error) {
		fmt.Fprint(p.Err, question)
		defer fmt.Fprintln(p.Err)
		return readHidden(ctx, int(terminal.Fd()))
	})
}

// newPassword makes a password for the account of this name: now and then a random text has the name in it.
func newPassword(name string) string {
	for {
		if password := rand.Text(); access.CheckPassword(password, name) == nil {
			return password
		}
	}
}

// tell says what has been done, and a generated password to whoever is to have it.
func (f *passwordFlags) tell(p *Process, password, done string) error {
	if !f.Generate {
		fmt.Fprintln(p.Err, done)
		return nil
	}
	fmt.Fprintln(p.Err, done, "Keep the password: it is not shown again.")
	_, err := fmt.Fprintln(p.Out, password)
	return err
}

// firstLine reads up to the end of the first line. A line longer than any password comes out cut, and is still too long.
func firstLine(r io.Reader) (string, error) {
	const longest = 4 << 10
	line, err := bufio.NewReader(io.LimitReader(r, longest)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

// askTwice makes sure that a password that nobody has seen is the one that was meant.
func askTwice(ask func(question string) (string, error)) (string, error) {
	password, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("The same again: ")
	switch {
	case err != nil:
		return "", err
	case again != password:
		return "", errors.New("the two passwords are not the same")
	}
	return password, nil
}

// readHidden reads a line from a terminal that does not show it. When the context ends first the terminal shows again what
// is typed; the goroutine that reads stays, as nothing but the end of the process ends a read from a terminal.
func readHidden(ctx context.Context, terminal int) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	read := make(chan error, 1)
	var typed []byte
	go func() {
		var err error
		typed, err = term.ReadPassword(terminal)
		read <- err
	}()
	select {
	case err := <-read:
		if err != nil {
			return "", fmt.Errorf("ask for the password: %w", err)
		}
		return string(typed), nil
	case <-ctx.Done():
		_ = term.Restore(terminal, before) // the process ends; there is nothing left to try
		return "", ctx.Err()
	}
}
