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

	"golang.org/x/term"

	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/domain/access"
)

// passwordFlags select a source of a password other than the terminal.
type passwordFlags struct {
	PasswordStdin bool `xor:"password" help:"Read the password from the first line of standard input."`
	Generate      bool `xor:"password" help:"Generate a strong password, and print it alone on standard output."`
}

// AfterApply refuses a command line without a source of the password.
func (f *passwordFlags) AfterApply(p *Process) error {
	if f.PasswordStdin || f.Generate || server.IsTerminal(p.In) {
		return nil
	}
	return errors.New("cannot ask for a password without a terminal: use --password-stdin or --generate")
}

// password asks for the password of the account of this name, reads it or generates it, as the flags say.
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

// newPassword generates a password without the name of its account, which a random text may contain.
func newPassword(name string) string {
	for {
		if password := rand.Text(); access.CheckPassword(password, name) == nil {
			return password
		}
	}
}

// print reports what has been done, and prints a generated password.
func (f *passwordFlags) print(p *Process, password, done string) error {
	if !f.Generate {
		fmt.Fprintln(p.Err, done)
		return nil
	}
	fmt.Fprintln(p.Err, done, "Store the password: it is not shown again.")
	_, err := fmt.Fprintln(p.Out, password)
	return err
}

// firstLine reads up to the end of the first line. A line longer than any password is cut, and is still too long.
func firstLine(r io.Reader) (string, error) {
	const longest = 4 << 10
	line, err := bufio.NewReader(io.LimitReader(r, longest)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

// askTwice asks for a hidden password twice, to detect typing errors.
func askTwice(ask func(question string) (string, error)) (string, error) {
	password, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Repeat password: ")
	switch {
	case err != nil:
		return "", err
	case again != password:
		return "", errors.New("the two passwords differ")
	}
	return password, nil
}

// readHidden reads a line from a terminal without showing it. When the context ends first, the terminal shows typed
// text again; the reading goroutine stays, because only the end of the process ends a read from a terminal.
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
