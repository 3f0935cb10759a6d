package wire

import _ "embed"

// AsyncAPI is the protocol as an AsyncAPI 3.0 document. Package wiretest checks
// frames against it.
//
//go:embed asyncapi.json
var AsyncAPI []byte
