//go:build unix

package truth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/gable-listings/gable/app/apptest"
)

// readInSessions reads, and sometimes writes, through one process after the other with the token of the last answer.
func (h *history) readInSessions(ctx context.Context, r *rand.Rand) {
	const length = 300
	wires := h.wires()
	for ctx.Err() == nil {
		token := "*"
		o := observation{kind: sessionRead, least: make([]int, len(h.listings))}
		for range length {
			if ctx.Err() != nil {
				break
			}
			process := r.IntN(len(wires))
			w := wires[process]
			o.process = w.Node.Name
			if r.IntN(40) == 0 {
				h.writeInSession(process, w, r, &token, &o)
				continue
			}
			q := h.anyQuestion(r)
			w.Request(http.MethodGet, q.target, "", apptest.TokenHeader, token)
			o.began = h.now()
			a, err := exchange(w)
			h.lost(ctx, w, err)
			if err != nil || !h.observe(&o, q, a) {
				continue
			}
			if a.Token == "" { // the reader goes on with its last token
				o.tokenless++
			} else {
				token = a.Token
			}
			h.see(&o)
		}
	}
}

// see raises what the session must be shown from now on: what it has seen, and what the same transactions wrote.
func (h *history) see(o *observation) {
	for _, s := range o.shown {
		o.least[s.listing] = max(o.least[s.listing], s.version)
		group, _ := h.listings[s.listing].known(s.version, s.price)
		for _, m := range h.membersOf(group) {
			o.least[m.listing] = max(o.least[m.listing], m.version)
		}
	}
}

func (h *history) writeInSession(process int, w *apptest.Wire, r *rand.Rand, token *string, o *observation) {
	listing := r.IntN(historyListings)
	version, received := h.write(process, w, listing, r.IntN(historyBands*bandWidth), apptest.TokenHeader, *token)
	if version == 0 {
		return
	}
	if received == "" {
		h.complain(fmt.Sprintf("a write of listing %d through process %s was acknowledged without a token",
			listing, w.Node.Name))
		return
	}
	o.least[listing] = max(o.least[listing], version)
	*token = received
}
