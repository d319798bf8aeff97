package api

import (
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
)

// badParameter returns the error for one parameter. The reason completes a sentence that begins with the name.
func badParameter(name, reason string, args ...any) error {
	if name == "" {
		return problem.Refuse(problem.InvalidRequest, reason, args...)
	}
	return parameterErrors(property.Invalid(name, reason, args...))
}

// parameterErrors returns an error of parsing parameters, in which wrong values are named by parameter.
func parameterErrors(err error) error {
	return &problem.RefusalError{Document: problem.FromSearch(err)}
}
