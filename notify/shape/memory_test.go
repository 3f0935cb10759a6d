package shape_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
)

func TestMemory(t *testing.T) {
	shapetest.Run(t, func(*testing.T) shape.Board { return shape.NewMemory(shape.DefaultLimits(), shape.Options{}) })
}
