package transfer

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gable-listings/gable/adapters/web/api"
	"github.com/gable-listings/gable/domain/property"
)

// Clients are waited for while there are steps, so both readings of a file have them, and for records that store
// nothing.
func TestEachRecordOfAnImportIsAStep(t *testing.T) {
	rows := map[string]string{
		"stored":     "reference,title,price,location\n",
		"rejected":   "reference,title,price,location\n",
		"superseded": "reference,title,price,location\n",
	}
	const records = 1_200
	for i := range records {
		rows["stored"] += fmt.Sprintf("r-%d,House,1,Here\n", i)
		rows["rejected"] += fmt.Sprintf("r-%d,House,,Here\n", i)
		rows["superseded"] += "r,House,1,Here\n"
	}
	for name, text := range rows {
		u, steps := testUploads(t), 0
		count := func() { steps++ }
		_, err := NewFiles(u.catalog, u.imports).Import(t.Context(),
			api.ImportRequest{Body: strings.NewReader(text), Format: "csv", Step: count})
		if err != nil || steps < 2*records {
			t.Errorf("%s, from a program: %d steps, %v", name, steps, err)
		}
		file := fileOf(text, "gable")
		file.Step, steps = count, 0
		if _, err := u.Import(t.Context(), file, io.Discard, func(property.ImportReport, float64) {}); err != nil ||
			steps < 2*records {
			t.Errorf("%s, from a page: %d steps, %v", name, steps, err)
		}
	}
}

// A large file is looked at to its end before its first record, and its client is waited for meanwhile.
func TestLookingAtAFileHasSteps(t *testing.T) {
	u, steps := testUploads(t), 0
	file := fileOf(rowsOf(40_000), "gable")
	file.Step = func() { steps++ }
	in, err := u.input(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.Open(); err != nil || steps < int(file.Size>>17) {
		t.Errorf("%d bytes: %d steps, %v", file.Size, steps, err)
	}
}
