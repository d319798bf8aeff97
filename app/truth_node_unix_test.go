//go:build unix && !linux

package main

import "syscall"

// childAttributes puts a child into a group of its own. This program ends when its standard input does.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
