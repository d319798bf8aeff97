// Package apptest runs whole programs for tests: servers in this process, separate processes, clusters of them with
// links that can be cut, and clients. Only tests import it.
package apptest
