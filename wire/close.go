package wire

// Close codes of RFC 6455 and of the protocol.
const (
	CloseNormal      = 1000
	CloseGoingAway   = 1001 // the server is shutting down; reconnect after bye's retry_ms
	CloseFraming     = 1002 // broken framing
	CloseBinary      = 1003 // a binary message
	CloseNotUTF8     = 1007
	CloseTooBig      = 1009
	CloseBehind      = 4008 // the client did not read; reconnect and sync
	CloseProtocol    = 4400 // not a request, or no hello first
	CloseSignedOut   = 4401 // token invalid, expired or revoked; sign in again
	CloseSuspended   = 4403
	CloseSilent      = 4408 // no hello, or no pong
	CloseReplaced    = 4409 // the same device connected elsewhere; do not reconnect
	CloseRateLimited = 4429 // too many frames or connections
)
