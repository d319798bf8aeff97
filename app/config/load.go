package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"

	"github.com/gable-listings/gable/configs"
)

const byDefault = "default"

// Effective is the configuration in force, with the source of each value: "default", "FILE:key", or the name of a
// variable or flag.
type Effective struct {
	Config
	// Warnings name the settings that are set under a former key, one per line, with the source.
	Warnings []string
	origins  map[string]string
}

// Error lists all problems of a configuration, not only the first.
type Error []problem

type problem struct{ where, what string }

// Error returns the problems, one per line.
func (e Error) Error() string {
	var text strings.Builder
	text.WriteString("invalid configuration:")
	for _, p := range e {
		fmt.Fprintf(&text, "\n  %s: %s", p.where, p.what)
	}
	return text.String()
}

// Load reads the configuration of a command: defaults, then the file, the environment and the flags. The error is an
// Error with every problem of all of them. The others are names of variables that stand for flags other than
// settings.
func (f *Flags) Load(others ...string) (*Effective, error) {
	l := loader{merged: koanf.New("."), origins: map[string]string{}, others: others}
	l.add(parse(configs.Default), func(string) string { return byDefault })
	if f.File != "" {
		l.add(l.readFile(f.File), func(key string) string { return f.File + ":" + key })
	}
	l.add(l.readEnvironment(), envName)
	l.add(f.flagValues(), func(key string) string { return "--" + flagName(key) })
	c := l.decode()
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return c, nil
}

// loader merges layers and records the source of each value and the problems.
type loader struct {
	merged   *koanf.Koanf
	origins  map[string]string
	problems Error
	warnings []string
	others   []string // variables for flags other than settings
}

func (l *loader) reject(where, format string, args ...any) {
	l.problems = append(l.problems, problem{where, fmt.Sprintf(format, args...)})
}

// add merges flat values over the earlier ones. Unknown keys are rejected.
func (l *loader) add(values map[string]any, origin func(key string) string) {
	known := map[string]any{}
	for _, s := range settings() {
		for _, key := range s.keys() {
			value, ok := values[key]
			if !ok {
				continue
			}
			known[s.key], l.origins[s.key] = value, origin(key)
			delete(values, key)
			if key != s.key {
				l.warnings = append(l.warnings, fmt.Sprintf("%s: this setting is called %s now; this release is the last "+
					"that reads the old name", origin(key), s.key))
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] == nil && isSection(key) {
			continue // a section whose keys are all commented out
		}
		l.reject(origin(key), "%s", unknownKey(key))
	}
	if err := l.merged.Load(confmap.Provider(known, "."), nil); err != nil {
		panic(fmt.Sprintf("merge known keys: %v", err)) // a map in memory cannot fail to be read
	}
}

func unknownKey(key string) string {
	if isSection(key) {
		return "is a section; its keys stand indented below it"
	}
	var keys []string
	for _, s := range settings() {
		keys = append(keys, s.key)
	}
	return "unknown key" + didYouMean(key, keys)
}

func isSection(key string) bool {
	return slices.ContainsFunc(settings(), func(s setting) bool { return s.section() == key })
}

func (l *loader) readFile(name string) map[string]any {
	text, err := os.ReadFile(name)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		l.reject(name, "cannot be read: %v", err)
		return nil
	}
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(text), yaml.Parser()); err != nil {
		l.reject(name, "is not a YAML file of sections and keys%s", yamlPlace(err))
		return nil
	}
	return k.All()
}

var yamlLine = regexp.MustCompile(`\bline \d+`)

// yamlPlace returns the line of a YAML mistake. The rest of the message may contain values of the file.
func yamlPlace(err error) string {
	if line := yamlLine.FindString(err.Error()); line != "" {
		return ", " + line
	}
	return ""
}

// parse reads the built-in defaults; it panics on an error, which would be a defect of the program.
func parse(document []byte) map[string]any {
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(document), yaml.Parser()); err != nil {
		panic(fmt.Sprintf("the built-in default.yaml: %v", err))
	}
	return k.All()
}

// readEnvironment reads the GABLE_ variables. It skips those of the tests and benchmarks, and those that stand for a
// flag other than a setting.
func (l *loader) readEnvironment() map[string]any {
	keys, names := map[string]string{}, []string(nil)
	for _, s := range settings() {
		names = append(names, s.env)
		for _, key := range s.keys() {
			keys[envName(key)] = key
		}
	}
	var unknown []string
	k := koanf.New(".")
	provider := env.Provider(".", env.Opt{
		Prefix: envPrefix,
		TransformFunc: func(name, value string) (string, any) {
			if keys[name] == "" && !l.isForeignVariable(name) {
				unknown = append(unknown, name)
			}
			return keys[name], value
		},
	})
	if err := k.Load(provider, nil); err != nil {
		panic(fmt.Sprintf("read the environment: %v", err)) // a list in memory cannot fail to be read
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		l.reject(name, "unknown variable%s", didYouMean(name, names))
	}
	return k.All()
}

func (l *loader) isForeignVariable(name string) bool {
	return strings.HasPrefix(name, "GABLE_TEST_") || strings.HasPrefix(name, "GABLE_BENCH_") ||
		slices.Contains(l.others, name)
}

// decode converts the merged values to a Config and checks them. A value that cannot be read leaves its field at the
// default, so that one mistake is reported once.
func (l *loader) decode() *Effective {
	c := &Effective{Warnings: l.warnings, origins: l.origins}
	broken := map[string]bool{}
	for _, s := range settings() {
		if err := assign(s.field(&c.Config), l.merged.Get(s.key), s.zeroAllowed); err != nil {
			l.reject(l.origins[s.key], "%v", err)
			broken[s.key] = true
			_ = assign(s.field(&c.Config), s.byDefault, s.zeroAllowed) // a test reads every default
		}
	}
	for _, p := range c.check() {
		if !broken[p.where] {
			l.reject(l.origins[p.where], "%s", p.what)
		}
	}
	return c
}
