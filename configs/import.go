package configs

import "embed"

// Imports holds import/*.yaml, the mappings for listing files from other sources, and the tables beside them.
//
//go:embed import/*.yaml import/*.csv
var Imports embed.FS

// Samples holds samples/: real listings for the demonstration, a gazetteer for made-up ones, and SOURCES.md, which says
// where they come from and under which licences.
//
//go:embed samples
var Samples embed.FS
