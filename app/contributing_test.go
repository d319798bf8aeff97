package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// contributing are the pages for contributors.
var contributing = []string{
	"../.github/CONTRIBUTING.md", "../.github/SECURITY.md", "../.github/pull_request_template.md", "../CHANGELOG.md",
	"../ports/ADDING.md",
}

var (
	link     = regexp.MustCompile(`\]\(([^):]*?)(#[^)]*)?\)`) // to a file of the repository; a URL has a colon
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fileName = regexp.MustCompile("`([\\w/.-]+\\.(?:go|yaml|sql|md|html))`")
	testName = regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`)
	testFunc = regexp.MustCompile(`(?m)^func ((Test|Fuzz)\w+)\(`)
)

func TestThePagesForContributorsLinkToWhatExists(t *testing.T) {
	for _, page := range contributing {
		for _, m := range link.FindAllStringSubmatch(readText(t, page), -1) {
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			if text := readText(t, target); m[2] != "" && !slices.Contains(anchors(text), m[2]) {
				t.Errorf("%s links to %s, which has no heading %s", page, target, m[2])
			}
		}
	}
}

// anchors are the headings of a page as GitHub links to them.
func anchors(text string) (all []string) {
	dashed := regexp.MustCompile(`[^\w -]`)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, "#"+strings.ReplaceAll(dashed.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

// A page may name the beginning of a test's name, as go test -run takes it.
func TestThePagesForContributorsNameTestsThatExist(t *testing.T) {
	var tests []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		for _, m := range testFunc.FindAllStringSubmatch(readText(t, filepath.Join("..", file)), -1) {
			tests = append(tests, m[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range contributing {
		for _, name := range testName.FindAllString(readText(t, page), -1) {
			if !slices.ContainsFunc(tests, func(test string) bool { return strings.HasPrefix(test, name) }) {
				t.Errorf("%s names %s, and no test has that name", page, name)
			}
		}
	}
}

// A page may name a file by the end of its path.
func TestThePagesForContributorsNameFilesThatExist(t *testing.T) {
	var files []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(file string, _ fs.DirEntry, err error) error {
		files = append(files, "/"+file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range contributing {
		if strings.HasSuffix(page, "CHANGELOG.md") {
			continue // it names files of the past
		}
		for _, m := range fileName.FindAllStringSubmatch(readText(t, page), -1) {
			known := strings.Contains(m[1], "NAME") || // stands for any name
				slices.ContainsFunc(files, func(file string) bool { return strings.HasSuffix(file, "/"+m[1]) })
			if !known {
				t.Errorf("%s names the file %s, which does not exist", page, m[1])
			}
		}
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
