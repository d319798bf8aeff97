package api

import _ "embed"

// OpenAPI is the HTTP contract, an OpenAPI 3.1 document in YAML. It is written by hand; the routes are tested against it.
//
//go:embed openapi.yaml
var OpenAPI []byte
