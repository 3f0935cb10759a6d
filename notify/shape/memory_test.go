package shape_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
)

func TestMemory(t *testing.T) {
	shapetest.Run(t, func(*testing.T) shape.Board { return shape.NewMemory(shape.DefaultLimits(), shape.Options{}) })
}

func TestMemoryIsExact(t *testing.T) {
	for seed := range uint64(20) {
		shapetest.Model(t, seed, 2000, shape.NewMemory(shapetest.Small(), shape.Options{Most: 10_000}))
	}
}

// A node that has no room left beside the cluster does as the cluster says.
func TestFullBesideTheCluster(t *testing.T) {
	m := shape.NewMemory(shape.DefaultLimits(), shape.Options{Most: 10})
	s := shapetest.On(t, m)
	for n := range 30 {
		for _, v := range []shape.Verdict{{}, {Hold: shape.Crowd, OfTempl: 3, OfApp: 4}} {
			if got, err := m.SeeToo(t.Context(), s.Sight("app-a", n), v, false); err != nil || got.Hold != v.Hold || got.OfApp < v.OfApp {
				t.Fatalf("%+v (%v), want %+v", got, err, v)
			}
		}
	}
}
