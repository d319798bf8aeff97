package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is a pseudo-terminal: what is written to the keyboard is typed, and what the screen shows is read from it too.
func terminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminal to be had:", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	var unlock, number int32
	control(t, keyboard, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(t, keyboard, syscall.TIOCGPTN, unsafe.Pointer(&number))
	tty, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminal to be had:", err)
	}
	t.Cleanup(func() { tty.Close() })
	return keyboard, tty
}

// screen keeps what a terminal shows.
type screen struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (s *screen) watch(keyboard *os.File) {
	shown := make([]byte, 1024)
	for {
		n, err := keyboard.Read(shown)
		s.mu.Lock()
		s.text.Write(shown[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// waitFor returns when the screen shows a text.
func (s *screen) waitFor(t *testing.T, text string) {
	t.Helper()
	waitUntil(t, fmt.Sprintf("the screen shows %q", text), func() bool { return strings.Contains(s.String(), text) })
}

// waitUntilHidden returns when the terminal does not show what is typed.
func waitUntilHidden(t *testing.T, tty *os.File) {
	t.Helper()
	waitUntil(t, "what is typed is hidden", func() bool {
		var settings syscall.Termios
		control(t, tty, syscall.TCGETS, unsafe.Pointer(&settings))
		return settings.Lflag&syscall.ECHO == 0
	})
}

func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("it never happens that %s", what)
		}
	}
}

func control(t *testing.T, terminal *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), request, uintptr(argument)); failed != 0 {
		t.Fatal(failed)
	}
}

func TestOnATerminalThePasswordIsAskedForAndNotShown(t *testing.T) {
	inNewDatabase(t)
	keyboard, tty := terminal(t)
	var s screen
	go s.watch(keyboard)
	var out bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- Run(t.Context(), &Process{In: tty, Out: &out, Err: tty}, []string{"admin", "create-user", "anna"})
	}()
	for _, question := range []string{"Password: ", "Repeat password: "} {
		s.waitFor(t, question)
		waitUntilHidden(t, tty)
		fmt.Fprintln(keyboard, testPassword)
	}
	if code := <-ended; code != 0 || out.Len() > 0 {
		t.Errorf("code %d, stdout %q, screen:\n%s", code, out.String(), &s)
	}
	s.waitFor(t, "Created account")
	if strings.Contains(s.String(), "horse") {
		t.Errorf("the screen shows the password:\n%s", &s)
	}
	wantSignIn(t, "anna", testPassword, nil)
}

func TestAnInterruptedQuestionLeavesTheTerminalAsItWas(t *testing.T) {
	inNewDatabase(t)
	keyboard, tty := terminal(t)
	var s screen
	go s.watch(keyboard)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan int)
	go func() {
		ended <- Run(ctx, &Process{In: tty, Out: &bytes.Buffer{}, Err: tty}, []string{"admin", "reset-password", "anna"})
	}()
	s.waitFor(t, "Password: ")
	waitUntilHidden(t, tty)
	interrupt()
	if code := <-ended; code != ExitFailed {
		t.Errorf("code %d", code)
	}
	s.waitFor(t, "interrupted")
	fmt.Fprint(keyboard, "seen")
	s.waitFor(t, "seen")
	fmt.Fprintln(keyboard) // ends the read that was under way
}
