// Package docs serves the documentation: the OpenAPI document as YAML and JSON, a viewer of it, a page about each
// problem type, and the guides.
//
// Everything is made once, at the start, from embedded files. The pages load nothing from other hosts, and run no
// script but the viewer's.
package docs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/gable-listings/gable/adapters/web/asset"
	"github.com/gable-listings/gable/adapters/web/problem"
)

//go:embed swagger-ui static templates guide
var embedded embed.FS

// Site holds all pages and files, by path. It answers GET and HEAD; the router refuses other methods.
type Site struct {
	files  map[string]*asset.File
	assets *asset.Tree
	base   string
}

// Routes returns the path templates of a Site, as the contract spells them.
func Routes() []string {
	return []string{
		"/openapi.yaml", "/openapi.json", "/docs", "/docs/assets/{build}/{file}", guidePath, guidePath + "/{name}",
		"/problems", "/problems/{name}",
	}
}

// New makes the site for a contract in YAML, and for the base path of all its addresses. What it serves has aliases and
// merge keys written out. New fails when the YAML contains something without an equal in JSON, or when the contract
// does not name the path of the service.
func New(contract []byte, base string) (*Site, error) {
	s := &Site{files: map[string]*asset.File{}, base: base}
	const root = "servers:\n  - url: /\n"
	if base != "" {
		if bytes.Count(contract, []byte(root)) != 1 {
			return nil, errors.New("the only server of the HTTP contract must be the root of its host")
		}
		contract = bytes.Replace(contract, []byte(root), []byte("servers:\n  - url: "+base+"\n"), 1)
	}
	contract, err := withoutAliases(contract)
	if err != nil {
		return nil, fmt.Errorf("write out the HTTP contract: %w", err)
	}
	json, err := yamlToJSON(contract)
	if err != nil {
		return nil, fmt.Errorf("convert the HTTP contract to JSON: %w", err)
	}
	s.files["/openapi.yaml"] = asset.New("application/yaml", contract)
	s.files["/openapi.json"] = asset.New("application/json", json)
	// The files that pages load.
	if s.assets, err = asset.NewTree("/docs/assets/", embedded, "static", "swagger-ui"); err != nil {
		return nil, err
	}
	return s, s.addPages()
}

// ServeHTTP answers with the file at the path, or with a not-found problem.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.files[r.URL.Path]
	if f == nil {
		f = s.assets.File(r.URL.Path)
	}
	if f != nil {
		f.ServeHTTP(w, r)
		return
	}
	problem.Write(w, r, problem.NotFound.New("There is no such page."))
}
