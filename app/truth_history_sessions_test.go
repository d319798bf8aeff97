//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// readInSessions reads, and now and then writes, through one process after the other with what the last answer gave it.
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
			o.process = w.node.name
			if r.IntN(40) == 0 {
				h.writeInSession(process, w, r, &token, &o)
				continue
			}
			q := h.anyQuestion(r)
			w.request(http.MethodGet, q.target, "", tokenHeader, token)
			o.began = h.now()
			a, err := w.exchange()
			h.lost(ctx, w, err)
			if err != nil || !h.observe(&o, q, a) {
				continue
			}
			if a.token == "" { // the reader goes on with the last one it was given
				o.tokenless++
			} else {
				token = a.token
			}
			h.see(&o)
		}
	}
}

// see raises what the session must be shown from now on: what it has seen, and what came into being together with that.
func (h *history) see(o *observation) {
	for _, s := range o.shown {
		o.least[s.listing] = max(o.least[s.listing], s.version)
		group, _ := h.listings[s.listing].known(s.version, s.price)
		for _, m := range h.membersOf(group) {
			o.least[m.listing] = max(o.least[m.listing], m.version)
		}
	}
}

func (h *history) writeInSession(process int, w *wire, r *rand.Rand, token *string, o *observation) {
	listing := r.IntN(historyListings)
	version, given := h.write(process, w, listing, r.IntN(historyBands*bandWidth), tokenHeader, *token)
	if version == 0 {
		return
	}
	if given == "" {
		h.complain(fmt.Sprintf("a write of listing %d through process %s was acknowledged without a token",
			listing, w.node.name))
		return
	}
	o.least[listing] = max(o.least[listing], version)
	*token = given
}
