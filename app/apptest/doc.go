// Package apptest is what the tests that drive whole programs share: servers in this process, processes of their own,
// clusters of them with ways that can be cut, and clients. Only tests import it.
package apptest
