package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gable-listings/gable/app/catalog"
	"github.com/gable-listings/gable/domain/property"
)

// importScope are the flags about fields that a row lacks, and about listings that the file lacks.
type importScope struct {
	Replace      bool   `help:"Clear the fields of known listings that the file lacks."`
	Source       string `placeholder:"NAME" help:"Source of every row, such as mls-a."`
	Complete     bool   `help:"Withdraw the listings of the source that the file lacks (needs --source)."`
	WithdrawUpTo share  `placeholder:"PERCENT" help:"Withdraw at most this share of the source (default: 10%)."`
}

// share is a part of a whole, written as a percentage.
type share struct {
	part float64 // 0 to 1
	set  bool
}

// UnmarshalText reads a percentage such as 40%.
func (s *share) UnmarshalText(text []byte) error {
	number, isPercent := strings.CutSuffix(string(text), "%")
	n, err := property.ParseNumber(strings.TrimSpace(number))
	if err != nil || !isPercent || n < 0 || n > 100 {
		return fmt.Errorf("must be a percentage from 0%% to 100%%, such as 40%%, not %q", text)
	}
	s.part, s.set = n/100, true
	return nil
}

// check returns what is wrong with the flags together.
func (s *importScope) check() error {
	if s.Source != "" {
		if _, err := property.CheckedSource(s.Source); err != nil {
			return fmt.Errorf("--source: %w", err)
		}
	}
	switch {
	case s.Complete && s.Source == "":
		return errors.New("--complete needs --source, the name of the source whose listings the file has")
	case s.WithdrawUpTo.set && !s.Complete:
		return errors.New("--withdraw-up-to needs --complete")
	}
	return nil
}

// apply sets the options of an import.
func (s *importScope) apply(im catalog.Import) catalog.Import {
	im.Replace, im.Source, im.Complete, im.WithdrawUpTo = s.Replace, s.Source, s.Complete, catalog.WithdrawUpTo
	if s.WithdrawUpTo.set {
		im.WithdrawUpTo = s.WithdrawUpTo.part
	}
	return im
}

// explained adds what to do to the error of an import that lacks too many listings of its source.
func explained(err error) error {
	var missing *property.TooManyMissingError
	if errors.As(err, &missing) {
		return fmt.Errorf("%w; nothing was stored: check that the file is whole, or allow more with --withdraw-up-to", err)
	}
	return err
}
