// Command words counts what makes the sentences of this repository hard to read:
//
//	go run ./.ci/words [-list]
//
// It prints one line for each count over the tracked Go files: the words that the house avoids, doc comments with a
// long first sentence, and long lines; and one for the words of README.md. With -list each counted place follows as
// file:line. It never fails because of a count, and its own folder is not counted.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"log"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

const (
	longSentence = 25  // words
	longLine     = 120 // bytes
)

var (
	avoided   = []string{"told", "kept", "given", "whoever"}
	sentences = fmt.Sprintf("doc comments whose first sentence exceeds %d words", longSentence)
	lines     = fmt.Sprintf("lines over %d bytes", longLine)
)

var word = regexp.MustCompile(`(?i)\b(` + strings.Join(avoided, "|") + `)\b`)

// places are the counted places, as file:line, by what is counted.
type places map[string][]string

func main() {
	log.SetFlags(0)
	list := flag.Bool("list", false, "print each counted place")
	flag.Parse()
	files, err := exec.CommandContext(context.Background(), "git", "ls-files", "-z", "*.go", ":!.ci/words").Output()
	if err != nil {
		log.Fatal("list the tracked files: ", err)
	}
	found := places{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		if err := found.read(name); err != nil {
			log.Fatal(err)
		}
	}
	for _, what := range append(avoided, sentences, lines) {
		fmt.Printf("%5d %s\n", len(found[what]), what)
		for _, place := range found[what] {
			if *list {
				fmt.Println("     ", place)
			}
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%5d words in README.md\n", len(strings.Fields(string(readme))))
}

// read adds the counted places of one file.
func (found places) read(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	number := 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		number++
		place := fmt.Sprintf("%s:%d", name, number)
		for _, w := range word.FindAll(line, -1) {
			w := strings.ToLower(string(w))
			found[w] = append(found[w], place)
		}
		if len(line) > longLine {
			found[lines] = append(found[lines], place)
		}
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if comment := docOf(n); comment != nil {
			if first := new(doc.Package).Synopsis(comment.Text()); len(strings.Fields(first)) > longSentence {
				place := fmt.Sprintf("%s:%d", name, set.Position(comment.Pos()).Line)
				found[sentences] = append(found[sentences], place)
			}
		}
		return true
	})
	return nil
}

// docOf returns the doc comment of a node, or nil.
func docOf(n ast.Node) *ast.CommentGroup {
	switch n := n.(type) {
	case *ast.File:
		return n.Doc
	case *ast.GenDecl:
		return n.Doc
	case *ast.FuncDecl:
		return n.Doc
	case *ast.TypeSpec:
		return n.Doc
	case *ast.ValueSpec:
		return n.Doc
	case *ast.Field:
		return n.Doc
	}
	return nil
}
