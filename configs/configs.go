// Package configs holds the files that Gable carries inside its binary for its operators: the default configuration,
// import mappings and samples. It only holds them; what they mean is decided by the packages that read them.
package configs

import _ "embed"

// Default is default.yaml: every configuration key with its default and, as the comment above it, the one description
// that the command line's help shows too.
//
//go:embed default.yaml
var Default []byte
