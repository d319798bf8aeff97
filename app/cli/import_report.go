package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
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
		fmt.Fprintf(w, "dry run: nothing stored; an import would do this:\n")
	}
	printOutcome(w, &r)
	if stopped && !dryRun {
		unstored := r.Read - r.Created - r.Updated - r.Unchanged - r.Superseded - r.Rejected
		fmt.Fprintf(w, "%8d in the batch that was not stored\n", unstored)
	}
	printReasons(w, r, rejects)
	printNotes(w, r)
	printSamples(w, &r)
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

// maxShownText is the number of characters of a field that the report shows.
const maxShownText = 60

// printOutcome prints what became of the rows, or in a dry run what would.
func printOutcome(w io.Writer, r *property.ImportReport) {
	for _, line := range []struct {
		count  int
		what   string
		detail func(io.Writer, *property.ImportReport)
	}{
		{r.Created, "created", nil},
		{r.Updated, "updated" + editedFields(r), printEdits},
		{r.Unchanged, "unchanged", nil},
		{r.Superseded, "superseded by a later row with the same reference", printSupersessions},
		{r.Rejected, "rejected", nil},
		{r.Skipped, "skipped by the mapping", nil},
	} {
		fmt.Fprintf(w, "%8d %s\n", line.count, line.what)
		if line.detail != nil {
			line.detail(w, r)
		}
	}
	if r.Withdrawal != nil {
		printWithdrawal(w, r.Withdrawal)
	}
}

// editedFields lists the fields that changed with the number of listings, such as ": price 3, photos 1".
func editedFields(r *property.ImportReport) string {
	var fields []string
	for _, f := range r.EditedFields.List() {
		fields = append(fields, f.Field+" "+strconv.Itoa(f.Listings))
	}
	if fields == nil {
		return ""
	}
	return ": " + strings.Join(fields, ", ")
}

func printEdits(w io.Writer, r *property.ImportReport) {
	for _, e := range r.Edits {
		fields := make([]string, len(e.Fields))
		for i, d := range e.Fields {
			fields[i] = d.Field + " " + shown(d.Before) + " → " + shown(d.After)
		}
		fmt.Fprintf(w, "           line %d, %s: %s\n", e.Line, e.Reference, strings.Join(fields, "; "))
	}
	printMore(w, r.Updated-len(r.Edits))
}

func printSupersessions(w io.Writer, r *property.ImportReport) {
	for _, s := range r.Supersessions {
		differs := "the same"
		if len(s.Fields) > 0 {
			differs = "other " + strings.Join(s.Fields, ", ")
		}
		fmt.Fprintf(w, "           line %d, %s: by line %d (%s)\n", s.Line, s.Reference, s.By, differs)
	}
	printMore(w, r.Superseded-len(r.Supersessions))
}

func printWithdrawal(w io.Writer, d *property.Withdrawal) {
	fmt.Fprintf(w, "%8d withdrawn: the file lacks %d of the %d live listings of %s\n",
		d.Withdrawn, d.Missing, d.Live, d.Source)
	for _, reference := range d.References {
		fmt.Fprintf(w, "           %s\n", reference)
	}
	printMore(w, d.Missing-len(d.References))
	if d.Unreadable > 0 {
		fmt.Fprintf(w, "         %d rejected rows have no readable reference; their listings count as lacking\n",
			d.Unreadable)
	}
	for _, refused := range d.Refused {
		fmt.Fprintf(w, "           %s stays: %v\n", refused.ID, refused.Err)
	}
	if d.TooMany {
		fmt.Fprint(w, "         More than may be withdrawn: an import would store nothing (see --withdraw-up-to).\n")
	}
}

func printMore(w io.Writer, more int) {
	if more > 0 {
		fmt.Fprintf(w, "           … and %d more\n", more)
	}
}

// printSamples prints the first rows as they would be stored, without their empty fields.
func printSamples(w io.Writer, r *property.ImportReport) {
	for i := range r.Samples {
		s := &r.Samples[i]
		fmt.Fprintf(w, "line %d would be stored as\n", s.Line)
		fields := property.FieldTable()
		for i := range fields {
			if text := fields[i].Written(&s.Details); text != "" {
				fmt.Fprintf(w, "  %-12s %s\n", fields[i].Name, shown(text))
			}
		}
	}
}

// shown is a text in one line of bounded length; "nothing" stands for an empty one.
func shown(text string) string {
	if text == "" {
		return "nothing"
	}
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxShownText {
		return string(runes[:maxShownText-1]) + "…"
	}
	return text
}
