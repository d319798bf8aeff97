//go:build unix && !linux

package apptest

import "syscall"

// ChildAttributes puts a child into a group of its own. This program ends when its standard input does.
func ChildAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
