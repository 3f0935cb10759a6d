package web

import "net/http"

// policy is what the page may do: run the modules and show the styles and
// pictures of this server, talk to this server (WebSockets included), show what
// it has read there (blob: addresses; no token ever stands in a URL), show pages of
// this server in frames (those of mini-programs come with a sandbox of their own,
// and the client's own page refuses to be in one), and nothing else. Text never
// becomes markup: there is no way to assign any (trusted-types: the one policy
// there is names the client's own worker), so what people write cannot script the
// page.
const policy = "default-src 'none'; " +
	"script-src 'self'; " +
	"style-src 'self'; " +
	"img-src 'self' data: blob:; " +
	"media-src blob:; " +
	"connect-src 'self'; " +
	"frame-src 'self'; " +
	"worker-src 'self'; " +
	"manifest-src 'self'; " +
	"form-action 'self'; " +
	"frame-ancestors 'none'; " +
	"base-uri 'none'; " +
	"require-trusted-types-for 'script'; " +
	"trusted-types worker"

func setPolicy(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(self), geolocation=(self)")
}
