package web

import (
	"net/http"
	"strings"
)

// sandboxDir is the folder of what only the sandbox's page loads.
const sandboxDir = "sandbox"

// sandboxPath is where that page is.
const sandboxPath = "/sandbox"

// framed is the policy of a client that the sandbox's page may show in its phones.
var framed = strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors 'self'", 1)

// Sandbox is Handler with the page of `teahouse dev` at /sandbox, which shows two
// clients in frames. The client may be in no frame otherwise.
func Sandbox() http.Handler { return &handler{sandbox: true} }

// policyOf is what the page at a path may do.
func (h *handler) policyOf(path string) string {
	if h.sandbox && path != sandboxPath {
		return framed
	}
	return policy
}
