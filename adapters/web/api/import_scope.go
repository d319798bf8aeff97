package api

import (
	"net/url"

	"github.com/gable-listings/gable/domain/property"
)

// ImportScope says what an import does with fields that a row lacks, and with listings that the body lacks.
type ImportScope struct {
	Replace bool   // fields that a row lacks become empty
	Source  string // the source of every row; "" leaves the source to the rows
	// Complete means that the body has all listings of the source. At most the share WithdrawUpTo of the live ones, 0 to
	// 1, is withdrawn because the body lacks them.
	Complete     bool
	WithdrawUpTo float64
}

// usualShare is the share of live listings that an import withdraws unless the request has another one.
const usualShare = "0.1"

func importScope(values url.Values) (scope ImportScope, err error) {
	replace, err := takeChoice(values, "replace", "false", "true")
	if err != nil {
		return scope, err
	}
	complete, err := takeChoice(values, "complete", "false", "true")
	if err != nil {
		return scope, err
	}
	scope.Replace, scope.Complete = replace == "true", complete == "true"
	if values.Has("source") {
		if scope.Source, err = takeOne(values, "source", ""); err == nil {
			scope.Source, err = checkedSource(scope.Source)
		}
		if err != nil {
			return scope, err
		}
	}
	withShare := values.Has("withdraw_up_to")
	share, err := takeOne(values, "withdraw_up_to", usualShare)
	if err != nil {
		return scope, err
	}
	scope.WithdrawUpTo, err = property.ParseNumber(share)
	if err != nil || scope.WithdrawUpTo < 0 || scope.WithdrawUpTo > 1 {
		return scope, badParameter("withdraw_up_to", "must be a share from 0 to 1, such as %s", usualShare)
	}
	switch {
	case scope.Complete && scope.Source == "":
		return scope, badParameter("complete", "needs source as well")
	case withShare && !scope.Complete:
		return scope, badParameter("withdraw_up_to", "needs complete=true as well")
	}
	return scope, nil
}

func checkedSource(name string) (string, error) {
	source, err := property.CheckedSource(name)
	if err != nil {
		err = parameterErrors(err)
	}
	return source, err
}
