//go:build unix

package truth

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/gable-listings/gable/app/apptest"
)

// registerStep is one client's write or read of a register, which is a listing's price.
type registerStep struct {
	write bool
	value int
}

// register is the model of a price whose reads and writes must look like those of a single copy.
var register = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		if step, _ := input.(registerStep); step.write {
			return true, step.value
		}
		return output == state, state
	},
	DescribeOperation: func(input, output any) string {
		if step, _ := input.(registerStep); step.write {
			return fmt.Sprintf("write %d", step.value)
		}
		return fmt.Sprintf("read %v", output)
	},
}

const (
	registerZero     = 1_000_000 // its first price, above all searches
	registerClients  = 4
	registerLife     = 2 * time.Second
	registerPatience = 20 * time.Second // for the search for an order, which is short or endless
	// lostWritesBorne is how many writes without an outcome a register tolerates. Each may have happened at any time,
	// or never, and doubles the search for an order.
	lostWritesBorne = 3
)

// checkRegisters makes one register after the other, and has clients read and write it through any process. It then
// looks for an order of their steps that explains what they saw.
func (h *history) checkRegisters(ctx context.Context, r *rand.Rand) {
	w := &apptest.Wire{Node: h.Nodes[0]}
	defer w.Close()
	for ctx.Err() == nil {
		w.Node = h.Nodes[r.IntN(len(h.Nodes))]
		h.writers.RLock()
		w.Request(http.MethodPost, "/v1/properties",
			fmt.Sprintf(`{"title":"register","price":%d,"location":"Elsewhere"}`, registerZero))
		a, err := exchange(w)
		h.writers.RUnlock()
		h.lost(ctx, w, err)
		if err != nil || a.Status != http.StatusCreated {
			continue
		}
		id := decodedID(a.Body)
		life, cancel := context.WithTimeout(ctx, registerLife)
		steps := h.useRegister(life, id, r)
		cancel()
		result, _ := porcupine.CheckOperationsVerbose(register, steps, registerPatience)
		h.register(string(result))
		if result == porcupine.Illegal {
			h.complain(fmt.Sprintf("listing %s: no order of its %d linearizable reads and writes explains the answers", id,
				len(steps)))
		}
	}
}

// decodedID returns the id of the listing in a JSON body.
func decodedID(body []byte) string {
	const start = len(`{"id":"`)
	return string(body[start : start+36])
}

func (h *history) useRegister(ctx context.Context, id string, r *rand.Rand) []porcupine.Operation {
	var mu sync.Mutex // guards all
	var all []porcupine.Operation
	lost := 0
	note := func(o porcupine.Operation, isLost bool) (goOn bool) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, o)
		if isLost {
			lost++
		}
		return lost < lostWritesBorne
	}
	var clients sync.WaitGroup
	for client := range registerClients {
		r := rand.New(rand.NewPCG(r.Uint64(), 0))
		clients.Go(func() {
			wires := h.wires()
			for n, writing := 1, true; ctx.Err() == nil; n++ {
				w := wires[r.IntN(len(wires))]
				step := registerStep{write: writing && r.IntN(4) == 0, value: n*registerClients + client}
				o := porcupine.Operation{ClientId: client, Input: step, Call: int64(h.now())}
				value, done := h.takeStep(w, id, step)
				o.Output, o.Return = value, int64(h.now())
				switch {
				case done:
					note(o, false)
				case step.write:
					o.Return = math.MaxInt64
					writing = note(o, true)
				}
			}
			for _, w := range wires {
				w.Close()
			}
		})
	}
	clients.Wait()
	return all
}

// takeStep returns the price read, and whether the step is known to have been taken.
func (h *history) takeStep(w *apptest.Wire, id string, step registerStep) (value int, done bool) {
	if step.write {
		h.writers.RLock()
		defer h.writers.RUnlock()
		w.Request(http.MethodPatch, apptest.ItemPath(id), fmt.Sprintf(`{"price":%d}`, registerZero+step.value))
	} else {
		w.Request(http.MethodGet, apptest.ItemPath(id), "", "Cache-Control", "no-cache")
	}
	a, err := exchange(w)
	if err != nil {
		w.Close()
		return 0, false
	}
	if a.Status != http.StatusOK {
		return 0, false
	}
	for _, s := range appendShowings(nil, a.Body, map[string]int{id: 0}) {
		value, done = s.price-registerZero, true
	}
	return value, done
}
