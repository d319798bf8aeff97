package ops

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// guard refuses requests that a page of another site makes an operator's browser send. Such a page reaches this
// listener under its own host name by having that name resolve to it (DNS rebinding), which takes a full name. IP
// addresses, localhost and names without a dot pass; other names pass only if they are among the hosts.
func guard(hosts []string, next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !ownHost(r.Host, hosts):
			http.Error(w, "ops.hosts does not list this host name", http.StatusMisdirectedRequest)
		case !slices.Contains([]string{"", "none", "same-origin"}, r.Header.Get("Sec-Fetch-Site")) || origin.Check(r) != nil:
			http.Error(w, "pages of other sites may not ask here", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost reports whether a Host header names this listener.
func ownHost(header string, hosts []string) bool {
	name, _, err := net.SplitHostPort(header)
	if err != nil {
		name = header
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return true
	}
	return slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(host, name) })
}

const (
	longestProfile = 60 // seconds
	mostProfiles   = 4  // at a time
)

// limitProfiles bounds how long profiles take and how many are taken at a time.
func limitProfiles() func(next http.HandlerFunc) http.Handler {
	slots := make(chan struct{}, mostProfiles)
	return func(next http.HandlerFunc) http.Handler {
		return readOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if text := r.FormValue("seconds"); text != "" {
				if seconds, err := strconv.ParseFloat(text, 64); err != nil || !(seconds > 0 && seconds <= longestProfile) {
					http.Error(w, "seconds must be a number above 0, at most "+strconv.Itoa(longestProfile), http.StatusBadRequest)
					return
				}
			}
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				next(w, r)
			default:
				w.Header().Set("Retry-After", "1")
				http.Error(w, "too many profiles are being taken; try again later", http.StatusServiceUnavailable)
			}
		}))
	}
}
