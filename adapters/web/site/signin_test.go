package site

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestASignInLeadsIntoTheBackOffice(t *testing.T) {
	for to, want := range map[string]string{
		"/admin": "/admin", "/admin/keys": "/admin/keys", "/admin?q=lake&sort=price": "/admin?q=lake&sort=price",
		"/admin/listings/0198#top": "/admin/listings/0198", "/admin?next=//evil.example": "/admin?next=//evil.example",
		"/admin/cache?address=%2F%3Fkind%3Dhouse": "/admin/cache?address=%2F%3Fkind%3Dhouse",
	} {
		if got := localPath(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
	for _, to := range []string{
		"", "/", "/listings/1", "//evil.example", "//evil.example/admin", "///evil.example/admin", `/\evil.example`,
		`\\evil.example`,
		"https://evil.example/admin", "https:/admin", "https:admin", "HTTPS://evil.example", "http:///admin",
		"javascript:alert(1)",
		"javascript:/admin", "JaVaScRiPt:%2Fadmin", "data:text/html,x", "%2F%2Fevil.example", "/%2Fevil.example",
		"/%5Cevil.example",
		"/admin/../x", "/admin/../../x", "/admin/..//evil.example", "/admin/%2e%2e/x",
		"/admin/%2E%2E//evil.example", "/admin%2f..%2f..%2fx",
		"/admin/..%2f..%2fx", "/admin/./keys", "/admin//evil.example", "/admin/%2f%2fevil.example",
		`/admin/\evil.example`, "/admin/%5c%5cevil.example",
		"/admin/..", "/admin@evil.example", "/administrator", "//user@evil.example/admin",
		"/admin\r\nSet-Cookie: x=1", "/admin/\tkeys",
		" /admin", "\x00/admin", "/admin/sign-in", "/admin/sign-in?next=/admin", "/admin/%", "?next=/admin", "#", "admin",
	} {
		if got := localPath(to); got != backOffice {
			t.Errorf("%q leads to %q", to, got)
		}
	}
}

// Any target leads into the back office, both for a browser that follows it and for one that cleans it first.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{
		"/admin/keys?x=1", "//evil.example", `/\evil`, "https:/admin", "/admin/%2e%2e/%2e%2e//evil", "/admin/..%5c",
		"/admin;//x", "/%61dmin/x",
	} {
		f.Add(seed)
	}
	site, err := url.Parse("https://homes.example.org/admin/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got := localPath(to)
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequest(http.MethodPost, "/admin/sign-in", http.NoBody), got, http.StatusSeeOther)
		for _, address := range []string{got, w.Header().Get("Location")} {
			followed, err := site.Parse(address)
			if err != nil || followed.Host != site.Host || followed.Scheme != site.Scheme || followed.User != nil {
				t.Fatalf("%q leads to %q (%v)", to, address, err)
			}
			if clean := path.Clean(followed.Path); clean != backOffice && !strings.HasPrefix(clean, backOffice+"/") {
				t.Fatalf("%q leads to %q", to, clean)
			}
		}
		if strings.ContainsAny(got, "\\\r\n\t\x00") || strings.HasPrefix(got, "//") {
			t.Fatalf("%q leads to %q, which some browsers read differently", to, got)
		}
	})
}

func TestLoggedNamesAreShortAndValidText(t *testing.T) {
	for _, name := range []string{"", "anna", strings.Repeat("a", 5_000), strings.Repeat("角", 5_000),
		"\xff\xfe" + strings.Repeat("é", 99)} {
		if got := shortened(name); len(got) > longestLogged || !utf8.ValidString(got) || name == "anna" && got != name {
			t.Errorf("%q is logged as %q", name, got)
		}
	}
}
