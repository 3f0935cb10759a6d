package presence_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/presence/presencetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type room struct{ *presence.Memory }

func (r room) Node(_ *testing.T, lease time.Duration) presence.Board { return r.Memory.Node(lease) }
func (r room) Wipe(*testing.T)                                       { r.Memory.Wipe() }

func TestMemory(t *testing.T) {
	presencetest.Run(t, func(*testing.T) presencetest.World { return room{presence.NewMemory()} })
}
