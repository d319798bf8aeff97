// Package config is what an operator can set: the keys with their values, where each value comes from (the defaults, a
// file, the environment, flags), and the rules that values keep. It connects to nothing.
package config
