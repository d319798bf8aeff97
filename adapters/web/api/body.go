package api

import (
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gable-listings/gable/adapters/web/exchange"
	"github.com/gable-listings/gable/adapters/web/problem"
	"github.com/gable-listings/gable/ports"
)

// readBody reads a body of one of the media types, up to the configured size.
func (a *API) readBody(w http.ResponseWriter, r *http.Request, types ...string) ([]byte, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, problem.Refuse(problem.UnsupportedMediaType,
			"Send the body without Content-Encoding, not with %.60q.", coding)
	}
	if media, err := mediaType(r); err != nil || !slices.Contains(types, media) {
		return nil, problem.Refuse(problem.UnsupportedMediaType,
			"Send Content-Type: %s, not %.60q.", strings.Join(types, " or "), r.Header.Get("Content-Type"))
	}
	body, err := exchange.ReadBody(w, r, a.MaxBody, 0)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.Refuse(problem.PayloadTooLarge, "The body has more than %d bytes.", tooLarge.Limit)
	case errors.Is(err, ports.ErrBusy), errors.Is(err, exchange.ErrSlow):
		return nil, err
	case err != nil:
		return nil, problem.Refuse(problem.InvalidRequest, "The body could not be read to its end.")
	}
	return body, nil
}

// mediaType returns the request's media type without parameters. A character set other than UTF-8 is an error.
func mediaType(r *http.Request) (string, error) {
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return "", errors.New("the character set is not UTF-8")
	}
	return media, nil
}
