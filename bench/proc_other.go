//go:build !linux

package bench

// measurable says that this system tells what other processes use: without
// /proc those columns are absent.
const measurable = false

func cpuOf(int) float64  { return 0 }
func busyOf(int) float64 { return 0 }
func rssOf(int) int64    { return 0 }
func ownCPU() float64    { return 0 }
func threadCPU() float64 { return 0 }
func raiseFileLimit()    {}
func describe(*Machine)  {}
