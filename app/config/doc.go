// Package config holds the settings of the program. It has the keys with their values, the source of each value (the
// defaults, a file, the environment, flags), and the rules for values. It connects to nothing.
package config
