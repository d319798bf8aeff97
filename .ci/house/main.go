// Command house counts what goes against the direction of the rooms of app:
//
//	go run ./.ci/house [FOLDER]
//
// It prints, for each package, the number of references between its files and the largest circle of files: each of them
// reaches every other by references to functions, types, variables and constants (methods and fields do not count). It
// also prints every import from a room to one beside or above it. It fails when there is such an import, or a circle.
// The folder is the top of the module, by default the present one.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// storeys are the rooms from the bottom up; rooms of one storey do not know one another.
var storeys = [][]string{
	{"catalog", "accounts", "config", "follow", "insight"}, {"transfer"}, {"server"}, {"cli"}, {"."},
}

const app = "github.com/gable-listings/gable/app"

func main() {
	top := "."
	if len(os.Args) > 1 {
		top = os.Args[1]
	}
	against, circles := 0, 0
	for height, storey := range storeys {
		for _, room := range storey {
			files := parse(filepath.Join(top, "app", room))
			count, circle := references(files)
			fmt.Printf("%-9s %2d files, %3d references between them, largest circle %d\n", room, len(files), count, circle)
			against += upward(room, height, files)
			circles = max(circles, circle)
		}
	}
	fmt.Printf("%d imports between rooms against their direction\n", against)
	if against > 0 || circles > 0 {
		os.Exit(1)
	}
}

// parse reads the files of a package but its tests.
func parse(folder string) map[string]*ast.File {
	files := map[string]*ast.File{}
	names, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			panic(err)
		}
		files[filepath.Base(name)] = file
	}
	return files
}

// upward prints the imports of a room from its own storey and from those above.
func upward(room string, height int, files map[string]*ast.File) (count int) {
	for _, storey := range storeys[height:] {
		for _, other := range storey {
			for name, file := range files {
				for _, spec := range file.Imports {
					if spec.Path.Value == `"`+strings.TrimSuffix(app+"/"+other, "/.")+`"` {
						fmt.Printf("  %s/%s imports %s\n", room, name, other)
						count++
					}
				}
			}
		}
	}
	return count
}

// references counts the names of other files that the files of a package use, and the files of the largest circle.
func references(files map[string]*ast.File) (count, circle int) {
	owner := map[string]string{}
	for name, file := range files {
		for declared := range file.Scope.Objects {
			owner[declared] = name
		}
	}
	reach := map[string]map[string]bool{}
	for name, file := range files {
		reach[name] = map[string]bool{}
		for _, id := range file.Unresolved {
			if other := owner[id.Name]; other != "" && other != name {
				count++
				reach[name][other] = true
			}
		}
	}
	for via := range files {
		for from := range files {
			if reach[from][via] {
				maps.Copy(reach[from], reach[via])
			}
		}
	}
	for name := range files {
		size := 0
		for other := range reach[name] {
			if reach[other][name] {
				size++
			}
		}
		circle = max(circle, size)
	}
	return count, circle
}
