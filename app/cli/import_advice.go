package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

// adviseRestore says what an import has left out of an export, and how to bring it along.
func adviseRestore(w io.Writer, ignored []string, report property.ImportReport) {
	if len(ignored) > 0 {
		fmt.Fprintf(w, "Not imported: %s, which the service sets. --restore brings an export back with them.\n",
			strings.Join(ignored, ", "))
		return
	}
	for _, rejected := range report.Reasons {
		for _, field := range rejected.Wrong {
			if field.Field == "reference" && rejected.Reference == "" {
				fmt.Fprintln(w, "A listing without a reference comes back from an export with --restore.")
				return
			}
		}
	}
}
