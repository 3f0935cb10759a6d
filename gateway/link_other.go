//go:build !linux

package gateway

import (
	"errors"
	"net"
)

// Other systems have the portable link only.
type poller struct{}

func newPoller() (*poller, error) { return nil, errors.ErrUnsupported }

func (p *poller) run()   {}
func (p *poller) close() {}

func newEpollLink(*poller, net.Conn, *session) (link, bool) { return nil, false }
