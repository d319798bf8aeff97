package server

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASocketIsTakenFromNobody(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "gable") //nolint:usetesting // t.TempDir is too long for a socket on some systems
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "http.sock")
	taken, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = listenOn(t.Context(), "unix:"+path)
	if err == nil || !strings.Contains(err.Error(), "a process listens on "+path) {
		t.Errorf("a second listener: %v", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenOn(t.Context(), "unix:"+path); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("over a file: %v", err)
	}
}
