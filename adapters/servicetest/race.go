//go:build race

package servicetest

// RaceDetector reports whether the tests run under the race detector, which makes SQLite, being Go, take minutes.
const RaceDetector = true
