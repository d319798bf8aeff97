//go:build unix && !linux

package apptest

import "syscall"

// ChildAttributes puts a child into a process group of its own. The program itself ends when its standard input does.
func ChildAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
