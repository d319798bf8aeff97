// Package e2e tests whole programs over HTTP and on the command line, one test for each promise to their users. It has
// tests only.
package e2e
