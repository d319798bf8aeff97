package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/gable-listings/gable/configs"
)

const envPrefix = "GABLE_"

// setting is one key of the configuration with all its names.
type setting struct {
	key         string // database.max_conns
	former      string // its key before this release, which still works; or ""
	env         string // GABLE_DATABASE_MAX_CONNS
	flag        string // database-max-conns
	help        string // the comment above the key in default.yaml
	byDefault   string // the value in default.yaml
	index       []int  // of the field in Config
	typ         reflect.Type
	zeroAllowed bool
}

// envName returns the environment variable of a key.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// flagName returns the command-line flag of a key.
func flagName(key string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(key) }

// keys returns the former key, if there is one, and the present one, which wins where both are set.
func (s setting) keys() []string {
	if s.former == "" {
		return []string{s.key}
	}
	return []string{s.former, s.key}
}

func (s setting) section() string { return strings.SplitN(s.key, ".", 2)[0] }

func (s setting) field(c *Config) reflect.Value {
	return reflect.ValueOf(c).Elem().FieldByIndex(s.index)
}

// settings lists every key, in the order of Config. Names come from the struct's tags, descriptions and defaults from
// the embedded default.yaml; a test holds the two together.
var settings = sync.OnceValue(func() []setting {
	described := describedKeys(configs.Default)
	var list []setting
	for _, section := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		for _, field := range reflect.VisibleFields(section.Type) {
			key, former := section.Tag.Get("koanf")+"."+field.Tag.Get("koanf"), ""
			if name := field.Tag.Get("was"); name != "" {
				former = section.Tag.Get("koanf") + "." + name
			}
			list = append(list, setting{
				key:         key,
				former:      former,
				env:         envName(key),
				flag:        flagName(key),
				help:        described[key].comment,
				byDefault:   described[key].value,
				index:       []int{section.Index[0], field.Index[0]},
				typ:         field.Type,
				zeroAllowed: field.Tag.Get("zero") == "ok",
			})
		}
	}
	return list
})

type described struct{ value, comment string }

// describedKeys reads the values and the comments above them out of a YAML document of sections and keys.
func describedKeys(document []byte) map[string]described {
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		panic(fmt.Sprintf("the built-in default.yaml: %v", err))
	}
	keys := map[string]described{}
	sections := root.Content[0].Content
	for i := 0; i < len(sections); i += 2 {
		entries := sections[i+1].Content
		for j := 0; j < len(entries); j += 2 {
			comment := strings.TrimSpace(strings.TrimPrefix(entries[j].HeadComment, "#"))
			keys[sections[i].Value+"."+entries[j].Value] = described{entries[j+1].Value, comment}
		}
	}
	return keys
}

// Flags are embedded in a command that reads the configuration: --config and one flag for each setting.
type Flags struct {
	File     string       `name:"config" env:"GABLE_CONFIG" placeholder:"FILE" help:"Configuration file (YAML)."`
	Settings kong.Plugins `embed:""`
}

// NewFlags offers the settings of the named sections, or all of them, as flags. The other settings can still be set
// in the file and in the environment.
func NewFlags(sections ...string) Flags {
	var fields []reflect.StructField
	for _, s := range settings() {
		if len(sections) == 0 || slices.Contains(sections, s.section()) {
			for _, key := range s.keys() {
				fields = append(fields, flagField(s, key))
			}
		}
	}
	return Flags{Settings: kong.Plugins{reflect.New(reflect.StructOf(fields)).Interface()}}
}

// flagField describes a setting to kong under one of its keys. Values stay text until the layers are merged, so that
// an invalid one is reported beside all others, whichever layer it is in; nil means that the flag is absent.
func flagField(s setting, key string) reflect.StructField {
	typ, placeholder := reflect.TypeFor[*string](), placeholderFor(s.typ)
	if s.typ.Kind() == reflect.Bool {
		typ, placeholder = reflect.TypeFor[*bool](), ""
	}
	help := fmt.Sprintf("%s (default %s)", s.help, s.byDefault)
	tag := fmt.Sprintf("name:%q placeholder:%q group:%q help:%s key:%q",
		flagName(key), placeholder, "Configuration:", strconv.Quote(help), key)
	if key != s.key {
		tag += ` hidden:""`
	}
	name := "F" + strings.ReplaceAll(flagName(key), "-", "_")
	return reflect.StructField{Name: name, Type: typ, Tag: reflect.StructTag(tag)}
}

func placeholderFor(typ reflect.Type) string {
	switch typ {
	case reflect.TypeFor[time.Duration]():
		return "DURATION"
	case reflect.TypeFor[Bytes]():
		return "SIZE"
	case reflect.TypeFor[URL]():
		return "URL"
	case reflect.TypeFor[int]():
		return "N"
	default:
		return "TEXT"
	}
}

// flagValues returns the settings that are set as flags: raw values by key.
func (f *Flags) flagValues() map[string]any {
	values := map[string]any{}
	for _, plugin := range f.Settings {
		flags := reflect.ValueOf(plugin).Elem()
		for i := range flags.NumField() {
			if flag := flags.Field(i); !flag.IsNil() {
				values[flags.Type().Field(i).Tag.Get("key")] = flag.Elem().Interface()
			}
		}
	}
	return values
}
