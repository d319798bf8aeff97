package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// checkOutput refuses to overwrite an existing file, be it the input, the database, or other work. Devices and pipes
// may be written to.
func checkOutput(path, input string) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return refuseOutput(path, input, info)
	}
	return nil
}

func refuseOutput(path, input string, exists os.FileInfo) error {
	if read, err := os.Stat(input); err == nil && os.SameFile(exists, read) {
		return fmt.Errorf("%s is the input file and is not overwritten; name another file", path)
	}
	return fmt.Errorf("%s exists and is not overwritten; remove it or name another file", path)
}

// createOutput opens a file that checkOutput accepts. It reports whether the file is new.
func createOutput(path string) (f *os.File, made bool, err error) {
	f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if !errors.Is(err, fs.ErrExist) {
		return f, err == nil, err
	}
	if err := checkOutput(path, ""); err != nil {
		return nil, false, err
	}
	f, err = os.OpenFile(path, os.O_WRONLY, 0)
	return f, false, err
}
