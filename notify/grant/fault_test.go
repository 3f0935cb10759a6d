package grant_test

import "errors"

var errKilled = errors.New("killed")
