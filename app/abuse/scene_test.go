//go:build linux

package abuse

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// assault is one attack on one process.
type assault struct {
	*arena
	t       *testing.T
	node    *apptest.Node
	others  *others
	hostile results // of the attackers
	notes   []string

	calm, during, after *phase

	mu     sync.Mutex // guards the fields below
	wrong  int
	closed bool // objections are ignored
}

// attacked is the application name of the attacked process at the database.
const attacked = "attacked"

// stage starts a process with the defaults of production, and the other clients.
func (a *arena) stage(t *testing.T, settings ...string) *assault {
	t.Helper()
	// The last attack left its queries running, and changes for the next one to begin with.
	a.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", attacked)
	a.Exec("TRUNCATE property_changes")
	n := &apptest.Node{T: t, Name: t.Name(), Key: a.Key, Transport: &http.Transport{DisableCompression: true}}
	n.Settings = append([]string{
		"GABLE_DATABASE_URL=" + a.Database + "&application_name=" + attacked,
		"GABLE_CACHE_URL=" + a.Cache, "GABLE_LOG_FORMAT=json",
		"GABLE_HTTP_ADDRESS=127.0.0.1:0", "GABLE_OPS_ADDRESS=127.0.0.1:0", "GABLE_HTTP_TRUSTED_PROXIES=127.0.0.0/8",
	}, settings...)
	s := &assault{arena: a, t: t, node: n, hostile: newResults()}
	t.Cleanup(func() {
		select {
		case <-n.Ended:
			t.Logf("process %s:\n%s", n.Name, n.Log.Tail())
		default:
			n.End()
		}
		n.Transport.CloseIdleConnections()
	})
	n.Start()
	n.Settle()
	s.others = newOthers(s)
	return s
}

// suffer measures the other clients before, during and after an attack.
func (s *assault) suffer(attack func(ctx context.Context)) {
	s.beCalm()
	s.attack(attackTime, attack)
	s.rest(restTime)
}

// beCalm starts the other clients, and measures them undisturbed.
func (s *assault) beCalm() {
	s.others.start()
	s.calm = s.watch("before", calmTime)
}

// attack runs an attack, and returns when all attackers have ended.
func (s *assault) attack(length time.Duration, attack func(ctx context.Context)) {
	s.during = s.begin("during")
	ctx, cancel := context.WithTimeout(s.t.Context(), length)
	defer cancel()
	attack(ctx)
	s.end(s.during)
}

// rest measures the other clients when the attack is over.
func (s *assault) rest(length time.Duration) { s.after = s.watch("after", length) }

func (s *assault) watch(name string, length time.Duration) *phase {
	p := s.begin(name)
	select {
	case <-time.After(length):
	case <-s.node.Ended:
	}
	s.end(p)
	return p
}

// begin begins a phase: requests that the other clients send from now on belong to it.
func (s *assault) begin(name string) *phase {
	p := &phase{name: name, answers: map[string]*results{}, began: time.Now(), cpu: cpu(s.node)}
	s.others.phase.Store(p)
	return p
}

func (s *assault) end(p *phase) {
	p.length = time.Since(p.began)
	p.cpu = cpu(s.node) - p.cpu
	p.rss, p.peak = memory(s.node)
	if p.rss == 0 {
		s.t.Errorf("the process is dead %s the attack", p.name)
	}
}

// objection reports a wrong answer; after many it only counts them.
func (s *assault) objection(err error) {
	const most = 10
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil || s.closed {
		return
	}
	if s.wrong++; s.wrong <= most {
		s.t.Error("wrong answer: ", err)
	}
}

// note adds a line to the report.
func (s *assault) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// conclude stops the other clients, judges the answers and prints the figures.
func (s *assault) conclude(about string) {
	s.t.Helper()
	s.others.stop()
	for _, p := range []*phase{s.calm, s.during, s.after} {
		p.judge(s.t)
	}
	s.hostile.judge(s.t, "the attackers get")
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n", s.t.Name(), about)
	s.table(&out)
	fmt.Fprintf(&out, "attackers    %s\n", &s.hostile)
	for _, line := range s.notes {
		fmt.Fprintln(&out, line)
	}
	s.aims(&out)
	fmt.Fprintf(&out, "wrong answers: %d", s.wrong)
	s.t.Log(out.String())
}

// table prints what the other clients got, and what the process used.
func (s *assault) table(to io.Writer) {
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "requests\tphase\tp50\tp99\tanswers")
	for _, kind := range otherKinds {
		for _, p := range []*phase{s.calm, s.during, s.after} {
			of := p.of(kind)
			fmt.Fprintf(out, "%s\t%s\t%.1f ms\t%.1f ms\t%s\n",
				kind, p.name, apptest.Milliseconds(of.took.Quantile(0.5)), apptest.Milliseconds(of.took.Quantile(0.99)), of)
		}
	}
	for _, p := range []*phase{s.calm, s.during, s.after} {
		fmt.Fprintf(out, "process\t%s\t\t\tRSS %d MiB (peak so far %d MiB), CPU %.1f s of %.1f s\n",
			p.name, p.rss>>20, p.peak>>20, p.cpu.Seconds(), p.length.Seconds())
	}
	_ = out.Flush()
}

// aims prints the aims, and whether each is met.
func (s *assault) aims(out io.Writer) {
	aim := func(met bool, format string, args ...any) {
		fmt.Fprintf(out, "aim %-7s %s\n", map[bool]string{true: "met:", false: "missed:"}[met], fmt.Sprintf(format, args...))
	}
	before, during := s.calm.of(otherHits).took.Quantile(0.99), s.during.of(otherHits).took.Quantile(0.99)
	factor := float64(during) / float64(max(1, before))
	hits := s.during.of(otherHits)
	aim(factor <= 2 && hits.refused() == 0, "hits unharmed: p99 %.1f times the undisturbed (2), %.1f %% refused (0)",
		factor, 100*hits.refused())
	for _, kind := range []string{otherMisses, otherWrites} {
		of := s.during.of(kind)
		p99 := of.took.Quantile(0.99)
		aim(p99 <= time.Second && of.refused() <= 0.05, "%s served: p99 %.0f ms (1000), %.1f %% refused (5)",
			kind, apptest.Milliseconds(p99), 100*of.refused())
	}
	for _, kind := range []string{otherHealth, otherReady, otherOpsReady} {
		of := s.during.of(kind)
		p99 := of.took.Quantile(0.99)
		aim(p99 <= 100*time.Millisecond && of.refused() == 0, "%s: p99 %.0f ms (100), %.1f %% not 200 (0)",
			kind, apptest.Milliseconds(p99), 100*of.refused())
	}
	bound, set := memoryBound(s.node)
	if !set {
		fmt.Fprintln(out, "aim missed: memory has no configured bound")
		return
	}
	aim(float64(s.during.peak) <= 1.3*bound, "memory: peak %d MiB, 1.3 times the bound of %d MiB is %d MiB",
		s.during.peak>>20, int64(bound)>>20, int64(1.3*bound)>>20)
}

// phase is what the other clients got during a part of an assault, and what the process used.
type phase struct {
	name      string
	began     time.Time
	length    time.Duration
	cpu       time.Duration
	rss, peak int64

	mu      sync.Mutex // guards answers
	answers map[string]*results
}

// of returns the answers to one kind of request.
func (p *phase) of(kind string) *results {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answers[kind] == nil {
		fresh := newResults()
		p.answers[kind] = &fresh
	}
	return p.answers[kind]
}

// judge fails the test on answers that no client may get.
func (p *phase) judge(t *testing.T) {
	t.Helper()
	for _, kind := range otherKinds {
		of := p.of(kind)
		of.judge(t, kind+" "+p.name+" the attack get")
		if slices.Contains([]string{otherHealth, otherReady, otherOpsReady}, kind) && of.refused() > 0 {
			t.Errorf("%s %s the attack: %s", kind, p.name, of)
		}
	}
}

// results counts answers by status, and collects the durations of those that succeed. Outcomes other than answers have
// words for a status.
type results struct {
	mu       *sync.Mutex // guards the fields below
	took     apptest.Spread
	statuses map[string]int
}

func newResults() results { return results{mu: new(sync.Mutex), statuses: map[string]int{}} }

func (r *results) note(outcome string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statuses[outcome]++
	if strings.HasPrefix(outcome, "2") {
		r.took = append(r.took, took)
	}
}

// refused returns the share of requests that did not succeed.
func (r *results) refused() float64 {
	all, good := 0, 0
	for outcome, n := range r.statuses {
		all += n
		if strings.HasPrefix(outcome, "2") {
			good += n
		}
	}
	return float64(all-good) / float64(max(1, all))
}

// judge fails the test on a 5xx other than 503.
func (r *results) judge(t *testing.T, who string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for outcome, n := range r.statuses {
		if strings.HasPrefix(outcome, "5") && outcome != "503" {
			t.Errorf("%s %s %d times", who, outcome, n)
		}
	}
}

// String lists the outcomes: 200×17 503×4.
func (r *results) String() string {
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(r.statuses)) {
		parts = append(parts, fmt.Sprintf("%s×%d", outcome, r.statuses[outcome]))
	}
	return strings.Join(parts, " ")
}

// outcome names an answer, or its absence, in a count.
func outcome(status int, err error) string {
	if err != nil {
		return "none"
	}
	return strconv.Itoa(status)
}

// memory returns how many bytes the process takes now, and the most it has taken; zero when it is dead.
func memory(n *apptest.Node) (rss, peak int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.Cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			rss = kib << 10
		case "VmHWM":
			peak = kib << 10
		}
	}
	return rss, peak
}

// memoryBound returns the memory limit that the process has set for itself, if any.
func memoryBound(n *apptest.Node) (float64, bool) {
	limit := n.Sum("go_gc_gomemlimit_bytes")
	return limit, limit > 0 && limit < 1<<50
}

// cpu returns how much CPU time the process has taken so far.
func cpu(n *apptest.Node) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.Cmd.Process.Pid))
	_, fields, _ := strings.Cut(string(text), ") ")
	ticks := 0
	if parts := strings.Fields(fields); len(parts) > 12 {
		user, _ := strconv.Atoi(parts[11])
		system, _ := strconv.Atoi(parts[12])
		ticks = user + system
	}
	return time.Duration(ticks) * 10 * time.Millisecond // a tick of Linux, as shown there
}

// Addresses of attackers and of other clients, by number: fewer than 100 times 250.
func hostileAddress(n int) string { return fmt.Sprintf("127.2.%d.%d", n/250, n%250+1) }
func otherAddress(n int) string   { return fmt.Sprintf("127.1.100.%d", n+1) }

// public returns the address of a client beyond the proxy that the process trusts. It is not loopback, and therefore
// limited.
func public(address string) string {
	return "198.18." + strings.Join(strings.Split(address, ".")[2:], ".")
}

// stranger sends requests as a proxy does, with the client's public address.
type stranger struct {
	http.RoundTripper
	address string
}

// RoundTrip implements http.RoundTripper.
func (s stranger) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(forwardedFor, s.address)
	return s.RoundTripper.RoundTrip(r)
}

const forwardedFor = "X-Forwarded-For"

// clientPatience is how long a client waits for an answer.
const clientPatience = 15 * time.Second

// dialer dials from a loopback address.
func dialer(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: clientPatience}
}

// client is an HTTP client with one loopback address.
func (s *assault) client(address string) *http.Client {
	transport := &http.Transport{
		DialContext: dialer(address).DialContext, DisableCompression: true, MaxIdleConnsPerHost: 64,
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: stranger{transport, public(address)}, Timeout: clientPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// host is where the process listens.
func (s *assault) host() string { return strings.TrimPrefix(*s.node.Base.Load(), "http://") }

// fetch sends one request and reads its answer; headers come in pairs.
func fetch(
	ctx context.Context, c *http.Client, method, url, body string, headers ...string,
) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response, content, err
}

// abuse sends one hostile request, discards the answer and counts its status.
func (s *assault) abuse(ctx context.Context, c *http.Client, target string, headers ...string) {
	began := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *s.node.Base.Load()+target, http.NoBody)
	if err != nil {
		s.t.Error(err)
		return
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	if ctx.Err() != nil {
		return
	}
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	s.hostile.note(outcome(status, err), time.Since(began))
}

// linger waits for a while, or until the context ends.
func linger(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}
