//go:build unix && !linux

package servicetest

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"syscall"
)

func attributes(o *owner) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: credential(o)}
}

func childrenOf(pid int) ([]int, error) {
	list, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var children []int
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		var child, parent int
		if _, err := fmt.Sscan(lines.Text(), &child, &parent); err == nil && parent == pid {
			children = append(children, child)
		}
	}
	return children, nil
}

func anyAlive(pids []int) bool {
	for _, pid := range pids {
		if syscall.Kill(pid, 0) == nil {
			return true
		}
	}
	return false
}
