package freshness_test

import (
	"fmt"
	"time"

	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
)

// A cached answer is current until the ledger receives a change that touches it. Nothing is deleted.
func ExampleLedger() {
	ledger := freshness.NewLedger(1_000, 1<<20, time.Second)
	search, err := property.ParseSearch(map[string][]string{"max_price": {"450000"}})
	if err != nil {
		panic(err)
	}

	// The position comes from before the load: a change that arrives during the load is checked later.
	at := ledger.Position()
	page := &property.Page{} // the load finds no listing
	answer := freshness.NewEntry(at, freshness.OnPage(&search, page))

	villa := property.Property{ID: property.ID{1}, Version: 1, Details: property.Details{Price: 900_000_00}}
	ledger.Append(property.Inserted(1, villa))
	fmt.Println("a villa for 900,000:", ledger.Check(answer))

	cabin := property.Property{ID: property.ID{2}, Version: 1, Details: property.Details{Price: 325_000_00}}
	ledger.Append(property.Inserted(2, cabin))
	fmt.Println("a cabin for 325,000:", ledger.Check(answer))
	// Output:
	// a villa for 900,000: fresh
	// a cabin for 325,000: stale
}

// A ledger is trusted while polls of the change feed complete. A quiet feed confirms nothing.
func ExampleLedger_Trusted() {
	ledger := freshness.NewLedger(1_000, 1<<20, time.Second)
	now := time.Now()
	fmt.Println("before the first poll:", ledger.Trusted(now))
	ledger.Confirm(now)
	fmt.Println("half a second later:", ledger.Trusted(now.Add(500*time.Millisecond)))
	fmt.Println("two seconds later:", ledger.Trusted(now.Add(2*time.Second)))
	// Output:
	// before the first poll: false
	// half a second later: true
	// two seconds later: false
}
