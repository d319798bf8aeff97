package api

import (
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/domain/property"
)

// badParameter is the error for one parameter; the reason completes the sentence that begins with its name.
func badParameter(name, reason string, args ...any) error {
	if name == "" {
		return problem.Refuse(problem.InvalidRequest, reason, args...)
	}
	return parameterErrors(property.Invalid(name, reason, args...))
}

// parameterErrors is an error of parsing parameters, named by parameter rather than by place in a body.
func parameterErrors(err error) error {
	return &problem.RefusalError{Document: problem.FromSearch(err)}
}
