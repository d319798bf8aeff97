package abuse

import (
	"testing"

	"github.com/gable-listings/gable/app/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }
