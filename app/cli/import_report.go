package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/gable-listings/gable/app/transfer"
	"github.com/gable-listings/gable/domain/property"
)

// printReport writes the report of an import that came to its end, or was stopped before it.
func printReport(
	w io.Writer, r property.ImportReport, rejects *rejectsFile, took time.Duration, dryRun, stopped bool,
) {
	rate := float64(r.Read) / took.Seconds()
	fmt.Fprintf(w, "%d read in %s (%.0f rows/s)\n", r.Read, took.Round(time.Millisecond), rate)
	if dryRun {
		fmt.Fprintf(w, "dry run: nothing stored\n")
	}
	for _, line := range []struct {
		count int
		what  string
	}{
		{r.Created, "created"}, {r.Updated, "updated"}, {r.Unchanged, "unchanged"},
		{r.Superseded, "superseded by a later row with the same reference"}, {r.Rejected, "rejected"},
	} {
		fmt.Fprintf(w, "%8d %s\n", line.count, line.what)
	}
	if stopped && !dryRun {
		unstored := r.Read - r.Created - r.Updated - r.Unchanged - r.Superseded - r.Rejected
		fmt.Fprintf(w, "%8d in the batch that was not stored\n", unstored)
	}
	printReasons(w, r, rejects)
	printNotes(w, r)
	if stopped && !dryRun {
		fmt.Fprintln(w, "The import stopped early. What is stored stays; import the whole file again to complete it.")
	}
}

// printReasons writes why rows were rejected, and where all of them are.
func printReasons(w io.Writer, r property.ImportReport, rejects *rejectsFile) {
	for _, rejected := range r.Reasons {
		fmt.Fprintf(w, "  line %d%s: %s\n", rejected.Line, named(rejected), transfer.ReasonOf(rejected.Wrong))
	}
	if more := r.Rejected - len(r.Reasons); more > 0 && rejects.written > 0 {
		fmt.Fprintf(w, "  … and %d more in %s\n", more, rejects.path)
	} else if more > 0 {
		fmt.Fprintf(w, "  … and %d more\n", more)
	}
	if rejects.written > 0 {
		fmt.Fprintf(w, "Rejected rows with their reasons are in %s.\n", rejects.path)
	}
	if rejects.tooLong > 0 {
		fmt.Fprintf(w, "Rows that are too long are not written to a file: %d.\n", rejects.tooLong)
	}
}

// named returns the reference and the title of a rejected row, as far as they could be read.
func named(r property.Rejection) string {
	text := ""
	if r.Reference != "" {
		text += ", " + r.Reference
	}
	if r.Title != "" {
		text += fmt.Sprintf(", %q", r.Title)
	}
	return text
}

// printNotes writes what of the imported rows is left out, and whether the source has more.
func printNotes(w io.Writer, r property.ImportReport) {
	if r.Noted > 0 {
		fmt.Fprintf(w, "Imported in part: %d\n", r.Noted)
	}
	for _, noted := range r.Notes {
		fmt.Fprintf(w, "  line %d: %s\n", noted.Line, transfer.ReasonOf(noted.Notes))
	}
	if r.NextPage != "" {
		fmt.Fprintf(w, "The file is one page of its source's answer; the next page is at %q.\n", r.NextPage)
	}
}
