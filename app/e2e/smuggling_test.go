package e2e

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/app/apptest"
)

// hidden is a request inside another one. A server that answers it reads a message differently from a proxy in front
// of it, and takes what one client sends for the request of another.
const hidden = "GET /version?hidden HTTP/1.1\r\nHost: gable\r\n\r\n"

// Messages whose end can be read in two ways hide a request behind one of the ends. It must never be answered.
func TestARequestInsideAnotherIsNotAnswered(t *testing.T) {
	t.Parallel()
	s := apptest.Embedded.Start(t)
	const post = "POST /v1/properties HTTP/1.1\r\nHost: gable\r\n"
	const get = "GET /version HTTP/1.1\r\nHost: gable\r\n"
	chunked := "0\r\n\r\n" + hidden
	for name, message := range map[string]string{
		"length before chunks":          post + "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"chunks before length":          post + "Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"length before chunks on a GET": get + "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"short length before chunks": post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n" +
			hidden + "\r\n0\r\n\r\n",
		"unknown coding": post + "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\n2d\r\n" + hidden,
		"coding twice": post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" +
			chunked,
		"coding list": post + "Content-Length: 50\r\nTransfer-Encoding: chunked, identity\r\n\r\n" +
			chunked,
		"coding with a blank before it": post + "Transfer-Encoding : chunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding with a tab":             post + "Transfer-Encoding:\tchunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding with a vertical tab":    post + "Transfer-Encoding: \x0bchunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding in quotes":              post + "Transfer-Encoding: \"chunked\"\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding on a folded line": post + "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n" +
			chunked,
		"coding folded":                  post + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding behind a bare line feed": post + "X: y\nTransfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding behind a bare return":    post + "X: y\rTransfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"coding in HTTP/1.0": strings.Replace(post, "1.1", "1.0", 1) +
			"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n" + chunked,
		"two lengths":                     post + "Content-Length: 0\r\nContent-Length: 45\r\n\r\n" + hidden,
		"list of lengths":                 post + "Content-Length: 0, 45\r\n\r\n" + hidden,
		"length with a sign":              post + "Content-Length: +0\r\n\r\n" + hidden,
		"negative length":                 post + "Content-Length: -1\r\n\r\n" + hidden,
		"hexadecimal length":              post + "Content-Length: 0x0\r\n\r\n" + hidden,
		"length with a blank inside":      post + "Content-Length: 0 45\r\n\r\n" + hidden,
		"length with a blank before it":   post + "Content-Length : 0\r\n\r\n" + hidden,
		"length with a null":              post + "Content-Length: 0\x00\r\n\r\n" + hidden,
		"length beyond 64 bits":           post + "Content-Length: 18446744073709551616\r\n\r\n" + hidden,
		"length of the hidden request":    get + "Content-Length: 45\r\n\r\n" + hidden,
		"chunk size with 0x":              post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + hidden,
		"chunk size with a sign":          post + "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + hidden,
		"negative chunk size":             post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + hidden,
		"chunk size beyond 64 bits":       post + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + hidden,
		"chunk extension with line feed":  post + "Transfer-Encoding: chunked\r\n\r\n0;x=\n\r\n\r\n" + hidden,
		"chunk without its end":           post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n" + hidden,
		"name with a blank":               get + "Content Length: 49\r\n\r\n" + hidden,
		"header without a name":           get + ": x\r\n\r\n" + hidden,
		"header without a colon":          get + "nonsense\r\n\r\n" + hidden,
		"two hosts":                       get + "Host: other\r\n\r\n" + hidden,
		"no host":                         "GET /version HTTP/1.1\r\n\r\n" + hidden,
		"HTTP/0.9":                        "GET /version\r\n\r\n" + hidden,
		"an invalid version":              "GET /version HTTP/1.1 HTTP/1.1\r\nHost: gable\r\n\r\n" + hidden,
		"preface of HTTP/2":               "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden,
		"line feed in the target":         "GET /version\n" + hidden,
		"expectation without a wait":      post + "Expect: 100-continue\r\nContent-Length: 45\r\n\r\n" + hidden,
		"unknown expectation with a body": post + "Expect: x\r\nContent-Length: 0\r\n\r\n" + hidden,
	} {
		t.Run(name, func(t *testing.T) {
			got := rawAnswers(t, s.Base, message)
			if bytes.Count(got, []byte("HTTP/1.1 "))-bytes.Count(got, []byte("HTTP/1.1 100 ")) > 1 {
				t.Errorf("both requests are answered:\n%s", got)
			}
		})
	}
}

// rawAnswers sends bytes and returns everything received until the server closes the connection.
func rawAnswers(t *testing.T, base, message string) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, message); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite() // the server need not wait for more
	got, _ := io.ReadAll(conn)           // a reset is an end, too
	return got
}
