// Package spelling finds the word that was probably meant by one that is not known. It does no input or output.
package spelling

import "strings"

// longest is the largest number of bytes of a word that has a nearest one. Longer texts are hardly misspelt words, and
// comparing them takes long.
const longest = 100

// Nearest returns the known word that is closest to this one, without regard to capitals, or "" when none is close.
func Nearest(word string, known []string) string {
	if len(word) > longest {
		return ""
	}
	best, shortest := "", len(word)/3+1
	for _, candidate := range known {
		if len(candidate) > longest {
			continue
		}
		if d := editDistance(strings.ToLower(word), strings.ToLower(candidate)); d < shortest {
			best, shortest = candidate, d
		}
	}
	return best
}

// editDistance returns the number of bytes to insert, delete or replace to turn a into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
