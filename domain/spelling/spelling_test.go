package spelling_test

import (
	"strings"
	"testing"

	"github.com/gable-listings/gable/domain/spelling"
)

func TestTheNearestWordIsFound(t *testing.T) {
	known := []string{"Square Feet", "Square Meters", "Acres", "yes"}
	for word, want := range map[string]string{
		"SquareFeet": "Square Feet", "square meter": "Square Meters", "Acre": "Acres", "ACRES": "Acres", "yess": "yes",
		"Tatami": "", "": "", "y": "", strings.Repeat("Acres", 30): "",
	} {
		if got := spelling.Nearest(word, known); got != want {
			t.Errorf("the word nearest to %q is %q, want %q", word, got, want)
		}
	}
	if got := spelling.Nearest("acre", []string{strings.Repeat("a", 200)}); got != "" {
		t.Errorf("a long word is nearest: %q", got)
	}
}
