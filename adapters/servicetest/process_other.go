//go:build !unix

package servicetest

import (
	"errors"
	"os"
	"syscall"
)

var errNoSignals = errors.New("processes cannot be frozen on this system")

func attributes(*owner) *syscall.SysProcAttr { return nil }

// ask ends the process: signals do not exist here.
func ask(child *os.Process, _ os.Signal) error { return child.Kill() }

// freeze only returns the id of the process: its children end with it.
func freeze(child *os.Process) ([]int, error) { return []int{child.Pid}, nil }

func thaw(*os.Process) error { return errNoSignals }

func killAll(pids []int) error {
	for _, pid := range pids {
		child, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		if err := child.Kill(); err != nil {
			return err
		}
	}
	return nil
}

func anyAlive([]int) bool { return false }
