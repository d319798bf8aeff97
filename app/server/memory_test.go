package server

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/gable-listings/gable/app/config"
)

// defaultConfig is the configuration without a file, a variable or a flag.
func defaultConfig(t *testing.T) config.Config {
	t.Helper()
	c, err := new(config.Flags).Load()
	if err != nil {
		t.Fatal(err)
	}
	return c.Config
}

func TestTheLimitOfMemoryIsShownPartByPart(t *testing.T) {
	c := defaultConfig(t)
	var shown bytes.Buffer
	if err := WriteMemory(&shown, &c); err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, part := range memoryShares(&c) {
		sum += part.bytes
		if line := fmt.Sprintf("%s %d\n", part.what, part.bytes); !strings.Contains(squeezed(shown.String()), line) {
			t.Errorf("%q is not shown", line)
		}
	}
	if limit := memoryLimit(&c); limit <= sum || !strings.Contains(shown.String(), fmt.Sprint(limit)) {
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
	for _, section := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		for _, f := range reflect.VisibleFields(section.Type) {
			key := section.Tag.Get("koanf") + "." + f.Tag.Get("koanf")
			if f.Type != reflect.TypeFor[config.Bytes]() || elsewhere[key] {
				continue
			}
			c := defaultConfig(t)
			before := memoryLimit(&c)
			field := reflect.ValueOf(&c).Elem().FieldByIndex(append(section.Index, f.Index...))
			field.SetInt(2 * field.Int())
			if memoryLimit(&c) <= before {
				t.Errorf("twice %s takes no more memory", key)
			}
		}
	}
}

func TestTheEnvironmentDecidesOnTheLimitOfMemory(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	c := defaultConfig(t)
	t.Setenv(memoryVariable, "4GiB")
	if LimitMemory(&c, zap.NewNop()); debug.SetMemoryLimit(-1) != was {
		t.Error("the limit of the environment is replaced")
	}
	t.Setenv(memoryVariable, "")
	if LimitMemory(&c, zap.NewNop()); debug.SetMemoryLimit(-1) != memoryLimit(&c) {
		t.Errorf("the limit is %d, not %d", debug.SetMemoryLimit(-1), memoryLimit(&c))
	}
}
