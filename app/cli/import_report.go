package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/domain/property"
)

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
