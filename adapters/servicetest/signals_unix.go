//go:build unix

package servicetest

import (
	"errors"
	"os"
	"syscall"
)

func ask(child *os.Process, signal os.Signal) error { return child.Signal(signal) }

// freeze stops the process and then its children, which Postgres puts into groups of their own, and returns them all.
func freeze(child *os.Process) ([]int, error) {
	if err := child.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	children, err := childrenOf(child.Pid)
	if err != nil {
		return nil, err
	}
	return append([]int{child.Pid}, children...), signalAll(children, syscall.SIGSTOP)
}

// thaw continues the children before their parent, which could otherwise mistake their silence for death.
func thaw(child *os.Process) error {
	children, err := childrenOf(child.Pid)
	if err != nil {
		return err
	}
	return signalAll(append(children, child.Pid), syscall.SIGCONT)
}

func killAll(pids []int) error { return signalAll(pids, syscall.SIGKILL) }

func signalAll(pids []int, signal syscall.Signal) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

func credential(o *owner) *syscall.Credential {
	if o == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
}
