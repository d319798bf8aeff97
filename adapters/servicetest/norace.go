//go:build !race

package servicetest

// RaceDetector reports whether the tests run under the race detector. SQLite is Go code here, and takes minutes with
// it.
const RaceDetector = false
