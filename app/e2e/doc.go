// Package e2e has the tests that ask whole programs over HTTP and on the command line, one test for each promise to
// people who use them. It has tests only.
package e2e
