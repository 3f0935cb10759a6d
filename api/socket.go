package api

import "strings"

// What the page shows of the WebSocket.
type (
	socketDocs struct {
		Introduction []string
		Groups       []socketGroup
	}
	socketGroup struct {
		Name     string
		Messages []socketMessage
	}
	socketMessage struct {
		ID, Way, Title, Words string
		Data, Reply           []docsField
	}
)

func readSocket(raw []byte) socketDocs {
	doc, err := readTree(raw)
	if err != nil {
		return socketDocs{}
	}
	d := socketDocs{Introduction: strings.Split(doc.at("info", "description").text, "\n\n")}
	return d
}
