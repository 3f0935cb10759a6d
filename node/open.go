package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/storage/scylla"
)

// ErrStoreInUse is an embedded store that another process has open.
var ErrStoreInUse = pebble.ErrInUse

func schemeOf(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	return scheme
}

// OpenStore opens the store of a configuration.
func OpenStore(ctx context.Context, c *Config, log zerolog.Logger) (storage.Backend, error) {
	switch schemeOf(c.Store) {
	case "pebble":
		dir := strings.TrimPrefix(c.Store, "pebble:")
		if dir == "" {
			dir = filepath.Join(c.Data, "store")
		}
		s, err := pebble.Open(dir, pebble.Options{Logger: log})
		if errors.Is(err, pebble.ErrInUse) {
			err = fmt.Errorf("%w; stop it first, or name another folder with --data", err)
		}
		if err != nil {
			return nil, err
		}
		return s, nil
	case "scylla":
		s, err := scylla.Open(ctx, c.Store, scylla.Options{Logger: log})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, checkURL("store", c.Store, "pebble", "scylla")
}

// openBus opens the bus of a configuration.
func openBus(c *Config, listener bus.Listener, log zerolog.Logger) (bus.Bus, error) {
	if schemeOf(c.Bus) == "memory" {
		return bus.NewMemory(listener), nil
	}
	b, err := redis.New(c.Bus, listener, redis.Options{Logger: log})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// deaf hears nothing.
type deaf struct{}

func (deaf) Heard(bus.Topic, bus.Message) {}
func (deaf) Gap()                         {}

// TryBus tells whether the bus of a configuration can be reached, and if not, why.
func TryBus(c *Config) error {
	b, err := openBus(c, deaf{}, zerolog.Nop())
	if err != nil {
		return err
	}
	return errors.Join(b.Ready(), b.Close())
}
