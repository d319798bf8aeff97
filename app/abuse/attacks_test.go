//go:build linux

package abuse

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/gable-listings/gable/adapters/listingfile"
	"github.com/gable-listings/gable/app/apptest"
)

// slowBodies makes the process buffer forms that arrive at one byte every two seconds.
func slowBodies(s *assault) {
	s.suffer(func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		for i := range 530 {
			all.Go(func() {
				for ctx.Err() == nil {
					s.slowBody(ctx, hostileAddress(i/10))
					linger(ctx, 500*time.Millisecond)
				}
			})
		}
	})
}

// slowBody sends one form until it is answered, cut off or the attack ends.
func (s *assault) slowBody(ctx context.Context, address string) {
	began := time.Now()
	conn, err := dialer(address).DialContext(ctx, "tcp", s.host())
	if err != nil {
		s.countUnanswered(ctx, err, began)
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /admin/sign-in HTTP/1.1\r\nHost: gable\r\n%s: %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n", forwardedFor, public(address))
	in := bufio.NewReader(conn)
	for ctx.Err() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		response, err := http.ReadResponse(in, nil)
		if err == nil {
			response.Body.Close()
			s.hostile.note(outcome(response.StatusCode, nil), time.Since(began))
			return
		}
		if !os.IsTimeout(err) {
			s.countUnanswered(ctx, err, began)
			return
		}
		if _, err := io.WriteString(conn, "a"); err != nil {
			s.countUnanswered(ctx, err, began)
			return
		}
	}
	s.hostile.note("held to the end", 0)
}

// countUnanswered counts a request that failed before the attack ended.
func (s *assault) countUnanswered(ctx context.Context, err error, began time.Time) {
	if ctx.Err() == nil {
		s.hostile.note(outcome(0, err), time.Since(began))
	}
}

// hardQuestions sends searches that no index answers, counted, in ever new words, or past the caches.
func hardQuestions(s *assault) {
	const most = 5000 // requests of each attacker
	s.suffer(func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		for i := range 64 {
			c := s.client(hostileAddress(i))
			all.Go(func() {
				letters := strings.Split("abcdefghij", "")
				for n := 0; n < most && ctx.Err() == nil; n++ {
					rand.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
					words := strings.Join(letters, "+")
					switch n % 4 {
					case 0, 1:
						s.abuse(ctx, c, "/v1/properties?count=exact&limit=500&q="+words)
					case 2:
						s.abuse(ctx, c, "/v1/properties?count=exact&limit=500&q=a+b+c+d+e+f+g+h+i+j", "Cache-Control", "no-store")
					case 3:
						s.abuse(ctx, c, "/?q="+words)
					}
				}
			})
		}
	})
}

// echoes sends forms whose pages repeat the input several times over, and delays reading the pages.
func echoes(s *assault) {
	form := "title=" + strings.Repeat(`"`, 1<<20-100)
	s.suffer(func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		for i := range 120 {
			all.Go(func() {
				began := time.Now()
				conn, err := dialer(hostileAddress(i/10)).DialContext(ctx, "tcp", s.host())
				if err != nil {
					s.countUnanswered(ctx, err, began)
					return
				}
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(attackTime))
				fmt.Fprintf(conn, "POST /admin/listings/new HTTP/1.1\r\nHost: gable\r\n%s: %s\r\n"+
					"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
					forwardedFor, public(hostileAddress(i/10)), len(form), form)
				linger(ctx, attackTime*3/4)
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					s.hostile.note(outcome(0, err), 0)
					return
				}
				response.Body.Close()
				s.hostile.note(outcome(response.StatusCode, nil), time.Since(began))
			})
		}
	})
}

// longPages requests the longest legal pages of listings and of changes.
func longPages(s *assault) {
	s.needLong()
	cursor := apptest.Decoded[struct{ Next string }](s.node.Get("/v1/changes?after=now").Answer).Next
	s.changeLong(s.t.Context(), 0)
	s.changeLong(s.t.Context(), 1)
	s.suffer(func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		for i := range 32 {
			c := s.client(hostileAddress(i))
			all.Go(func() {
				for n := 0; n < 1000 && ctx.Err() == nil; n++ {
					if i < 20 {
						s.abuse(ctx, c, fmt.Sprintf("/v1/properties?limit=500&min_price=%d&max_price=%d",
							longPrice, longPrice+longListings+i*1000+n))
					} else {
						s.abuse(ctx, c, "/v1/changes?limit=1000&after="+url.QueryEscape(cursor))
					}
				}
			})
		}
	})
}

// changeLong changes one half of the long listings by one statement.
func (s *assault) changeLong(ctx context.Context, half int) {
	_, err := s.Sql.Exec(ctx, `UPDATE properties SET area_m2 = coalesce(area_m2, 0) + 1
		WHERE price > $1::bigint AND price < $2::bigint AND price::bigint % 2 = $3`, longPrice, ownPrice, half)
	if err != nil && ctx.Err() == nil {
		s.t.Error(err)
	}
}

// bulkUpdates fills the ledger and the streams with changes of the largest legal size.
func bulkUpdates(s *assault) {
	s.needLong()
	const statements = 16
	changed := 0
	s.beCalm()
	s.attack(2*time.Minute, func(ctx context.Context) {
		var streams sync.WaitGroup
		defer streams.Wait()
		ctx, end := context.WithCancel(ctx)
		defer end()
		for i := range 10 {
			streams.Go(func() { s.holdStream(ctx, hostileAddress(i), i%2 == 0) })
		}
		for changed < statements && ctx.Err() == nil {
			s.changeLong(ctx, changed%2)
			changed++
		}
		linger(ctx, restTime) // the last changes arrive
	})
	s.rest(restTime)
	s.note("changed      %d long listings of %d KiB each", changed*longListings/2, longLetters*3>>10)
	s.note("restart      a new process trusts its feed after %.1f s", s.restart().Seconds())
}

// restart replaces the process, and returns how long it takes until the caches are in use, a minute at most.
func (s *assault) restart() time.Duration {
	s.others.stop()
	began := time.Now()
	s.node.Kill()
	s.node.Start()
	for time.Since(began) < time.Minute {
		r, err := s.node.Try(http.MethodGet, "/v1/properties?limit=1&kind=land", "")
		if err == nil && r.Status == http.StatusOK && !strings.Contains(r.Header.Get("Cache-Status"), "bypass") {
			break
		}
		linger(s.t.Context(), 50*time.Millisecond)
	}
	return time.Since(began)
}

// holdStream opens an event stream and holds it, reading or not, until the attack ends.
func (s *assault) holdStream(ctx context.Context, address string, reading bool) {
	c := s.client(address)
	c.Timeout = 0
	began := time.Now()
	response, err := s.open(ctx, c, "/v1/changes?after=now", "text/event-stream")
	if err != nil {
		s.countUnanswered(ctx, err, began)
		return
	}
	defer response.Body.Close()
	s.hostile.note(outcome(response.StatusCode, nil), time.Since(began))
	if response.StatusCode == http.StatusOK && reading {
		_, _ = io.Copy(io.Discard, response.Body)
	}
	if response.StatusCode == http.StatusOK {
		<-ctx.Done()
	}
}

// allStreams opens more event streams from one address than the process allows, and has others ask for some.
func allStreams(s *assault) {
	served := newResults()
	s.suffer(func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		for range 300 {
			all.Go(func() { s.holdStream(ctx, hostileAddress(0), true) })
		}
		linger(ctx, attackTime/2)
		for i := range 20 {
			all.Go(func() {
				response, err := s.open(ctx, s.client(otherAddress(i)), "/v1/changes?after=now", "text/event-stream")
				if err != nil {
					served.note(outcome(0, err), 0)
					return
				}
				response.Body.Close()
				served.note(outcome(response.StatusCode, nil), 0)
			})
		}
	})
	s.note("streams      for 20 others: %s", &served)
	served.judge(s.t, "others that open a stream get")
}

// open sends a request and returns when its answer begins.
func (s *assault) open(ctx context.Context, c *http.Client, target, accept string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *s.node.Base.Load()+target, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	return c.Do(request)
}

// allExports begins more exports from one address than the process serves at once, and has others export meanwhile.
func allExports(s *assault) {
	served := newResults()
	s.suffer(func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		c := s.client(hostileAddress(0))
		for range 600 {
			all.Go(func() { s.slowExport(ctx, c) })
		}
		linger(ctx, attackTime/4)
		for i := 0; ctx.Err() == nil && i < 20; i++ {
			q := s.search(<-s.asked)
			target := strings.Replace(q.target, "/v1/properties?", "/v1/exports?", 1)
			target, _, _ = strings.Cut(target, "&limit=")
			began := time.Now()
			response, body, err := fetch(ctx, s.client(otherAddress(i)), http.MethodGet, *s.node.Base.Load()+target, "")
			switch {
			case ctx.Err() != nil:
			case err != nil:
				served.note(outcome(0, err), 0)
			default:
				if response.StatusCode == http.StatusOK {
					s.objection(q.check(body))
				}
				served.note(outcome(response.StatusCode, nil), time.Since(began))
			}
			linger(ctx, 500*time.Millisecond)
		}
	})
	s.note("exports      for others: %s, p99 %.0f ms", &served, apptest.Milliseconds(served.took.Quantile(0.99)))
	served.judge(s.t, "others that export get")
}

// slowExport exports everything and reads it at 24 KB/s.
func (s *assault) slowExport(ctx context.Context, c *http.Client) {
	began := time.Now()
	response, err := s.open(ctx, c, "/v1/exports", "*/*")
	if err != nil {
		s.countUnanswered(ctx, err, began)
		return
	}
	defer response.Body.Close()
	s.hostile.note(outcome(response.StatusCode, nil), time.Since(began))
	for ctx.Err() == nil {
		if _, err := io.CopyN(io.Discard, response.Body, 24_000); err != nil {
			return
		}
		linger(ctx, time.Second)
	}
}

// badImports sends short files with millions of rows, and leaves.
func badImports(s *assault) {
	var file bytes.Buffer
	packed := gzip.NewWriter(&file)
	fmt.Fprintln(packed, "reference,title,price,location")
	rows := bytes.Repeat([]byte("x\n"), 1<<20)
	for range 8 {
		if _, err := packed.Write(rows); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		s.t.Fatal(err)
	}
	const staying = 3 * time.Second
	editor := s.editor()
	s.beCalm()
	s.attack(attackTime, func(ctx context.Context) {
		var all sync.WaitGroup
		defer all.Wait()
		leaving, leave := context.WithTimeout(ctx, staying)
		defer leave()
		for i := range 12 {
			c := s.client(hostileAddress(i))
			all.Go(func() {
				began := time.Now()
				response, err := s.sendImport(leaving, c, editor, file.Bytes(), i < 8)
				if err != nil {
					s.hostile.note("left", time.Since(began))
					return
				}
				s.hostile.note(outcome(response.StatusCode, nil), time.Since(began))
			})
		}
		all.Wait()
		gone := cpu(s.node)
		<-ctx.Done()
		s.note("CPU          %.1f s in the %s after the importers have left",
			(cpu(s.node) - gone).Seconds(), attackTime-staying)
	})
	s.rest(restTime)
}

// sendImport sends a packed file to the API, or to the page with a session's cookie.
func (s *assault) sendImport(
	ctx context.Context, c *http.Client, session *http.Cookie, file []byte, byAPI bool,
) (*http.Response, error) {
	if byAPI {
		response, _, err := fetch(ctx, c, http.MethodPost, *s.node.Base.Load()+"/v1/imports", string(file),
			"Content-Type", "text/csv", "Content-Encoding", "gzip", "Authorization", "Bearer "+s.node.Key)
		return response, err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "rows.csv.gz")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.WriteField("action", "import")
	}
	if err == nil {
		err = form.WriteField("mapping", listingfile.OwnMapping)
	}
	if err != nil {
		return nil, err
	}
	_ = form.Close() // writes to memory
	response, _, err := fetch(ctx, c, http.MethodPost, *s.node.Base.Load()+"/admin/import", body.String(),
		"Content-Type", form.FormDataContentType(), "Cookie", session.Name+"="+session.Value)
	return response, err
}

// editor makes an account, signs in and returns the session's cookie.
func (s *assault) editor() *http.Cookie {
	create := exec.CommandContext(s.t.Context(), apptest.ThisProgram(s.t),
		"admin", "create-user", "importer", "--role", "editor", "--generate")
	create.Env = append(apptest.Environment(), s.node.Settings...)
	in, err := create.StdinPipe() // the program ends when this does
	if err != nil {
		s.t.Fatal(err)
	}
	defer in.Close()
	password, err := create.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	b := &apptest.Browser{T: s.t, Base: *s.node.Base.Load(), Cookies: map[string]*http.Cookie{},
		Client: s.client(otherAddress(0))}
	b.SignIn("importer", strings.TrimSpace(string(password))).Must(http.StatusSeeOther)
	return b.Session()
}
