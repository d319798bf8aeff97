//go:build unix

package truth

import (
	"bytes"

	"github.com/gable-listings/gable/app/apptest"
)

// appendShowings adds the listings in a JSON body to a list; their edition is their number of bedrooms. It leaves out
// listings that are not in the index.
func appendShowings(list []showing, body []byte, index map[string]int) []showing {
	const idLength = 36
	for {
		_, after, found := bytes.Cut(body, []byte(`"id":"`))
		if !found || len(after) < idLength {
			return list
		}
		listing, ours := index[string(after[:idLength])]
		_, after, _ = bytes.Cut(after, []byte(`"price":"`))
		price := apptest.LeadingInt(after)
		after, body, _ = bytes.Cut(after, []byte(`"version":`))
		_, edition, _ := bytes.Cut(after, []byte(`"bedrooms":`))
		if ours {
			list = append(list, showing{listing, apptest.LeadingInt(body), price, apptest.LeadingInt(edition)})
		}
	}
}

// countIn returns the count in a JSON body, or -1.
func countIn(body []byte) int {
	const name = `"count":`
	at := bytes.LastIndex(body, []byte(name))
	if at < 0 {
		return -1
	}
	return apptest.LeadingInt(body[at+len(name):])
}
