package api

// socketDocs is what the page shows of the WebSocket.
type socketDocs struct{}

func readSocket([]byte) socketDocs { return socketDocs{} }
