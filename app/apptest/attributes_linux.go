package apptest

import "syscall"

// ChildAttributes puts a child into a process group of its own, and ends it with the tests, however they end.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
