package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// checkOutput refuses to write a file that exists already, be it the one that is read, the database, or somebody's
// work. Devices and pipes may be written to.
func checkOutput(path, input string) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return refuseOutput(path, input, info)
	}
	return nil
}

func refuseOutput(path, input string, exists os.FileInfo) error {
	if read, err := os.Stat(input); err == nil && os.SameFile(exists, read) {
		return fmt.Errorf("%s is the file that is read, and is not overwritten; name another one", path)
	}
	return fmt.Errorf("%s exists, and is not overwritten; remove it or name another file", path)
}

// createOutput makes a file that checkOutput lets pass. It reports whether the file is new.
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

// freeRejectsPath is a name beside the source that no file has: listings.csv.gz has its rejects in
// listings.rejects.csv, or in listings.rejects.2.csv when there is such a file already.
func freeRejectsPath(source string) string {
	name := strings.TrimSuffix(source, ".gz")
	extension := filepath.Ext(name)
	stem := strings.TrimSuffix(name, extension) + ".rejects"
	path := stem + extension
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); err != nil {
			return path
		}
		path = stem + "." + strconv.Itoa(n) + extension
	}
}
