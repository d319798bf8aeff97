package listingfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/configs"
)

// The default mappings: Gable's own columns, and those of the RESO Data Dictionary for RESO JSON.
const (
	OwnMapping  = "gable"
	RESOMapping = "reso"
)

// Mapping says which column of a file becomes which field of a listing. It is read from YAML; the guide
// adapters/web/docs/guide/import.md explains every key. A Mapping does not change after it is read and may be shared.
type Mapping struct {
	Name     string            // for messages; from the file's name
	About    string            // one line for people
	Required []string          // columns that a CSV file must have; all that are used, if nil
	Columns  []string          // columns that a CSV file may have; any, if nil
	Numbers  numbers           // how numbers are written, where a value says that it is one
	Skip     []condition       // rows that are not listings
	Refuse   []condition       // rows that may not be imported, each with its reason
	Values   []namedExpression // columns made up from others; later ones may use earlier ones
	Fields   []namedExpression // the fields of a listing
}

type namedExpression struct {
	name string
	expression
}

// condition holds when the value is one of these texts.
type condition struct {
	value   expression
	is      lookup
	because string
}

// Mappings returns the names of the built-in mappings, in alphabetical order.
func Mappings() []string {
	files, _ := fs.Glob(configs.Imports, "import/*.yaml")
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return names
}

// ErrNoMapping says that no built-in mapping has this name.
var ErrNoMapping = errors.New("no such mapping")

// BuiltinMapping reads the built-in mapping with this name. The error is ErrNoMapping when it does not exist.
func BuiltinMapping(name string) (*Mapping, error) {
	file := "import/" + name + ".yaml"
	if strings.ContainsAny(name, `/\*`) || !fs.ValidPath(file) {
		return nil, ErrNoMapping
	}
	text, err := fs.ReadFile(configs.Imports, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%q: %w", name, ErrNoMapping)
	}
	if err != nil {
		return nil, err
	}
	return parseMapping(name, text, mustSub(configs.Imports, "import"))
}

func mustSub(files fs.FS, folder string) fs.FS {
	sub, err := fs.Sub(files, folder)
	if err != nil {
		panic(err)
	}
	return sub
}

// ReadMapping reads a mapping from a file. The tables it names are files in the same folder.
func ReadMapping(file string) (*Mapping, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return parseMapping(name, text, os.DirFS(filepath.Dir(file)))
}

// parseMapping reads the YAML of a mapping. Errors name the line.
func parseMapping(name string, text []byte, beside fs.FS) (*Mapping, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("mapping %s: %w", name, err)
	}
	if len(document.Content) == 0 {
		return nil, fmt.Errorf("mapping %s: is empty", name)
	}
	b := builder{mapping: &Mapping{Name: name}, beside: beside, known: map[string]bool{}}
	if err := b.mappingNode(document.Content[0]); err != nil {
		return nil, fmt.Errorf("mapping %s: %w", name, err)
	}
	return b.mapping, nil
}
