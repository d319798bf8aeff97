package main

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// defaultConfig is the configuration without a file, a variable or a flag.
func defaultConfig(t *testing.T) Config {
	t.Helper()
	c, err := new(configFlags).load()
	if err != nil {
		t.Fatal(err)
	}
	return c.Config
}

func TestTheLimitOfMemoryIsShownPartByPart(t *testing.T) {
	c := defaultConfig(t)
	var shown bytes.Buffer
	if err := c.writeMemory(&shown); err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, part := range c.memory() {
		sum += part.bytes
		if line := fmt.Sprintf("%s %d\n", part.what, part.bytes); !strings.Contains(squeezed(shown.String()), line) {
			t.Errorf("%q is not shown", line)
		}
	}
	if limit := c.memoryLimit(); limit <= sum || !strings.Contains(shown.String(), fmt.Sprint(limit)) {
		t.Errorf("the limit is %d for a sum of %d", limit, sum)
	}
}

func squeezed(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

// Every size in the configuration that bounds memory is part of the sum. The others bound what goes to a disk, or one
// request.
func TestEverySizeCountsInTheLimitOfMemory(t *testing.T) {
	elsewhere := map[string]bool{"http.max_body": true, "imports.max_bytes": true, "imports.max_unpacked": true}
	for _, s := range settings() {
		c := defaultConfig(t)
		before := c.memoryLimit()
		field := s.field(&c)
		if field.Type() != reflect.TypeFor[Bytes]() || elsewhere[s.key] {
			continue
		}
		field.SetInt(2 * field.Int())
		if c.memoryLimit() <= before {
			t.Errorf("twice %s takes no more memory", s.key)
		}
	}
}

func TestTheEnvironmentDecidesOnTheLimitOfMemory(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	c := defaultConfig(t)
	t.Setenv(memoryVariable, "4GiB")
	if c.limitMemory(zap.NewNop()); debug.SetMemoryLimit(-1) != was {
		t.Error("the limit of the environment is replaced")
	}
	t.Setenv(memoryVariable, "")
	if c.limitMemory(zap.NewNop()); debug.SetMemoryLimit(-1) != c.memoryLimit() {
		t.Errorf("the limit is %d, not %d", debug.SetMemoryLimit(-1), c.memoryLimit())
	}
}
