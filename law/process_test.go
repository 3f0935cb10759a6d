package law

import "sync"

// program is the built command.
var program struct {
	sync.Once
	path string
}
