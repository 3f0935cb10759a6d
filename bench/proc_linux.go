package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// ticks is the unit of CPU time in /proc, per second; it is the same on every Linux that Go runs on.
const ticks = 100

// measurable says that this system tells what other processes use.
const measurable = true

// cpuOf is the CPU time a process has used, in seconds, its ended children included.
func cpuOf(pid int) float64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, after, ok := bytes.Cut(b, []byte(") ")) // the name may hold spaces, not this
	fields := bytes.Fields(after)
	if !ok || len(fields) < 15 {
		return 0
	}
	var sum int64
	for _, f := range fields[11:15] { // utime stime cutime cstime
		n, _ := strconv.ParseInt(string(f), 10, 64)
		sum += n
	}
	return float64(sum) / ticks
}

// busyOf is the CPU time of a process's threads, in seconds, to the nanosecond where
// the system counts so. Threads that have ended are left out.
func busyOf(pid int) float64 {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	var sum int64
	for _, t := range threads {
		b, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		ran, _, _ := bytes.Cut(b, []byte(" "))
		n, _ := strconv.ParseInt(string(ran), 10, 64)
		sum += n
	}
	if sum == 0 {
		return cpuOf(pid)
	}
	return float64(sum) / 1e9
}

// rssOf is a process's resident memory in bytes.
func rssOf(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, after, ok := bytes.Cut(b, []byte("VmRSS:"))
	fields := bytes.Fields(after)
	if !ok || len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return n << 10
}

// ownCPU is what this process has used, in seconds.
func ownCPU() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

// threadCPU is what the calling thread has used, in seconds.
func threadCPU() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(1, &r) != nil { // RUSAGE_THREAD
		return 0
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

// raiseFileLimit lets this process and the servers it starts hold many sockets.
func raiseFileLimit() {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil && r.Cur < r.Max {
		r.Cur = r.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &r)
	}
}

// describe fills in what the system tells about the machine.
func describe(m *Machine) {
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, after, ok := bytes.Cut(b, []byte("model name")); ok {
			line, _, _ := bytes.Cut(after, []byte("\n"))
			_, name, _ := bytes.Cut(line, []byte(":"))
			m.CPU = string(bytes.TrimSpace(name))
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = string(bytes.TrimSpace(b))
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := bytes.Fields(b); len(f) > 0 {
			m.Load = string(f[0])
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		if f := bytes.Fields(b); len(f) > 1 {
			kb, _ := strconv.ParseInt(string(f[1]), 10, 64)
			m.MemoryMB = kb >> 10
		}
	}
}
