//go:build unix

package truth

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// streamed is a change as the stream delivers it.
type streamed struct {
	Op      string `json:"op"`
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// consumer follows the stream, reconnects to another process after every few events, and resumes where it was.
type consumer struct {
	cluster *apptest.Cluster
	lastID  string

	mu     sync.Mutex // guards events
	events []streamed
}

func (c *consumer) follow(ctx context.Context, r *rand.Rand) {
	for ctx.Err() == nil {
		n := c.cluster.Nodes[r.IntN(len(c.cluster.Nodes))]
		if err := c.read(ctx, n, 1+r.IntN(40)); err != nil {
			breathe(ctx)
		}
	}
}

// read takes so many events from one process.
func (c *consumer) read(ctx context.Context, n *apptest.Node, events int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *n.Base.Load()+"/v1/changes?after=now", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	if c.lastID != "" {
		request.Header.Set("Last-Event-ID", c.lastID)
	}
	response, err := n.Transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	var id, data string
	for lines := bufio.NewScanner(response.Body); events > 0 && lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "id":
			id = value
		case field == "data":
			data = value
		case field == "" && value == "": // the end of an event
			if data != "" {
				c.take(n, data)
				events--
			}
			c.lastID, data = id, ""
		}
	}
	return nil
}

func (c *consumer) take(n *apptest.Node, data string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, apptest.Decoded[streamed](apptest.Answer{T: n.T, Body: data}))
}

func (c *consumer) seen() []streamed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]streamed(nil), c.events...)
}

// A consumer receives every change once, however often it loses its connection and whatever made the change. The
// changes of one listing come in their order, and a truncation comes as a reset.
func TestAConsumerOfTheStreamReceivesEveryChangeOnceAndInOrder(t *testing.T) {
	t.Parallel()
	c := apptest.NewCluster(t, apptest.Plan{})
	start := apptest.Decoded[struct{ Next string }](c.Nodes[0].Get("/v1/changes?after=now").Answer).Next
	ctx, stop := context.WithCancel(t.Context())
	var following sync.WaitGroup
	consumers := make([]*consumer, 3)
	for i := range consumers {
		consumers[i] = &consumer{cluster: c, lastID: start}
		r := rand.New(rand.NewPCG(uint64(i), 1))
		following.Go(func() { consumers[i].follow(ctx, r) })
	}
	changeInEveryWay(c)
	want := map[streamed]int{}
	rows, err := c.Sql.Query(t.Context(),
		"SELECT op, coalesce(property_id::text, ''), coalesce(version, 0) FROM property_changes")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for rows.Next() {
		var change streamed
		if err := rows.Scan(&change.Op, &change.ID, &change.Version); err != nil {
			t.Fatal(err)
		}
		want[change]++
		total++
	}
	if err := rows.Err(); err != nil || total < 200 || want[streamed{Op: "reset"}] != 1 {
		t.Fatalf("%d changes with %d resets, %v", total, want[streamed{Op: "reset"}], err)
	}
	for i, consumer := range consumers {
		apptest.Poll(t, fmt.Sprintf("consumer %d has received everything", i),
			func() bool { return len(consumer.seen()) >= total })
	}
	stop()
	following.Wait()
	for i, consumer := range consumers {
		got, newest := map[streamed]int{}, map[string]int{}
		for _, change := range consumer.seen() {
			got[change]++
			if change.Op != "reset" && change.Version <= newest[change.ID] {
				t.Errorf("consumer %d receives version %d after %d", i, change.Version, newest[change.ID])
			}
			newest[change.ID] = change.Version
		}
		if !maps.Equal(got, want) {
			for change, n := range want {
				if got[change] != n {
					t.Errorf("consumer %d receives %d times %v, which happened %d times", i, got[change], change, n)
				}
			}
		}
	}
}

// changeInEveryWay writes through both processes, by single and by large statements, and kills a process on the way.
// Some transactions commit in another order than they began in.
func changeInEveryWay(c *apptest.Cluster) {
	c.T.Helper()
	for i := range 30 {
		n := c.Nodes[i%2]
		p := n.Create(fmt.Sprintf("early %d", i), i)
		early, err := c.Sql.Begin(c.T.Context())
		if err != nil {
			c.T.Fatal(err)
		}
		if _, err := early.Exec(c.T.Context(), "UPDATE properties SET price = price + 1 WHERE id = $1", p.ID); err != nil {
			c.T.Fatal(err)
		}
		other := n.Create(fmt.Sprintf("later %d", i), i)
		n.Patch(other.ID, `{"title":"changed"}`)
		if i%4 == 0 {
			apptest.Until(time.Now().Add(20 * time.Millisecond)) // time for the feed to deliver the later changes
		}
		if err := early.Commit(c.T.Context()); err != nil {
			c.T.Fatal(err)
		}
		switch i % 5 {
		case 0:
			c.Exec("UPDATE properties SET description = description || 'x' WHERE price < 20")
		case 1:
			n.Remove(other.ID)
			c.Exec("INSERT INTO properties (id, title, price, location) VALUES ($1, 'back', 1, 'Here')", other.ID)
		}
		if i == 20 {
			c.Exec("TRUNCATE properties")
		}
		if i == 25 {
			c.Nodes[1].Kill()
			c.Nodes[1].Restart()
		}
	}
}
