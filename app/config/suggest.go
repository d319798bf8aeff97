package config

import "github.com/gable-listings/gable/domain/spelling"

// didYouMean returns "; did you mean X?" with the name closest to this one, or nothing when none is close.
func didYouMean(name string, names []string) string {
	if best := spelling.Nearest(name, names); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}
