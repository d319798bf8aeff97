package site

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

// ImportScope says what an import does with fields that a row lacks, and with listings that the file lacks.
type ImportScope struct {
	DryRun  bool   // stores nothing
	Replace bool   // fields that a row lacks become empty
	Source  string // of every row; "" leaves the source to the rows
	// Complete means that the file has all listings of the source. At most the share WithdrawUpTo of the live ones, 0 to
	// 1, is withdrawn because the file lacks them.
	Complete     bool
	WithdrawUpTo float64
}

// importChoices are the choices of the form as they were sent.
type importChoices struct {
	Source            string
	Replace, Complete bool
	Percent           string // of the live listings that may be withdrawn
}

// usualPercent stands in a new form.
const usualPercent = "10"

func sentChoices(r *http.Request) importChoices {
	return importChoices{
		Source: strings.TrimSpace(r.FormValue("source")), Replace: r.FormValue("replace") != "",
		Complete: r.FormValue("complete") != "", Percent: strings.TrimSpace(r.FormValue("withdraw_up_to")),
	}
}

// scope reads the choices. It returns a sentence about the first one that is wrong.
func (c *importChoices) scope() (scope ImportScope, wrong string) {
	scope = ImportScope{Replace: c.Replace, Source: c.Source, Complete: c.Complete}
	if c.Source != "" {
		if _, err := property.CheckedSource(c.Source); err != nil {
			return scope, "The source cannot be used: " + reasons(err) + "."
		}
	}
	if !c.Complete {
		return scope, ""
	}
	if c.Source == "" {
		return scope, "Name the source, so that its other listings can be withdrawn."
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(c.Percent, "%")), 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return scope, "Withdraw at most 0 to 100 percent of the listings, such as 10."
	}
	scope.WithdrawUpTo = percent / 100
	return scope, ""
}

// reasons are what is wrong with the fields of an invalid value.
func reasons(err error) string {
	var invalid *property.InvalidError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	list := make([]string, len(invalid.Fields))
	for i, f := range invalid.Fields {
		list[i] = f.Reason
	}
	return strings.Join(list, "; ")
}

// whyStopped is the sentence about the error that ended an import, and whether it is a fault of the service.
func whyStopped(err error) (text string, fault bool) {
	if broken, ok := errors.AsType[*property.BrokenFileError](err); ok {
		return broken.Error(), false
	}
	if refusal, ok := errors.AsType[*problem.RefusalError](err); ok {
		return refusal.Error(), false
	}
	if missing, ok := errors.AsType[*property.TooManyMissingError](err); ok {
		return fmt.Sprintf("Nothing was stored: %v. Check that the file is whole, or allow more.", missing), false
	}
	if errors.Is(err, property.ErrEmptySource) {
		return fmt.Sprintf("Nothing was stored: %v.", err), false
	}
	text = "Something went wrong inside the server."
	if errors.Is(err, ports.ErrUnavailable) {
		text = "The database could not be reached."
	}
	return text + " Importing the file again will complete it: what is stored already stays as it is.", true
}

// maxBrief is the number of characters of a field that a report shows.
const maxBrief = 80

// brief formats the value of a field for a report, in one line.
func brief(field, text string) string {
	text = strings.Join(strings.Fields(displayed(field, text)), " ")
	if runes := []rune(text); len(runes) > maxBrief {
		return string(runes[:maxBrief-1]) + "…"
	}
	return text
}

// storedFields returns the fields of a listing that are not empty.
func storedFields(d property.Details) (list []fact) {
	fields := property.FieldTable()
	for i := range fields {
		f := &fields[i]
		if text := f.Written(&d); text != "" {
			list = append(list, fact{Name: fieldName(f.Name), Text: brief(f.Name, text)})
		}
	}
	return list
}
