// Package truth has the tests that look for a wrong answer: several processes over one database, under faults, where
// every answer is held against what was committed and acknowledged. It has tests only.
package truth
