package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// dropPages takes the pages of the program's own file out of the process. By the
// time a server is ready most of it has been touched, or lay beside what was, and
// most of that is never needed again. What is needed comes back from the system's
// cache by itself.
//
// That is so for what is in memory as it is in the file. A program that may lie
// anywhere in memory has had its addresses put in, which the file does not tell:
// a part with such pages of its own stays.
//
// A system brings back more than what is needed, up to 2 MiB around it, and
// constants are needed here and there: they are cut into pieces first, of which each
// comes alone. Code stays whole, so that it can lie in large pages, which are quicker.
func dropPages() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	var part mapping
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		var m mapping
		var own int
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &m.from, &m.to, &m.access); n == 3 {
			m.file = strings.HasSuffix(line, " "+self)
			part = m
		} else if n, _ := fmt.Sscanf(line, "Anonymous: %d kB", &own); n == 1 && own == 0 && part.droppable() {
			if part.access[2] != 'x' {
				part.cut()
			}
			part.advise(unix.MADV_DONTNEED)
		}
	}
}

// A mapping is a part of memory.
type mapping struct {
	from, to uintptr
	access   string
	file     bool // it is of the program's own file
}

// piece is how much comes back at once, in bytes: what Linux maps around a page by
// default, where pages are small.
const piece = 64 << 10

// cut gives every second piece another advice: parts that differ are parts of their own.
func (m mapping) cut() {
	for at := m.from; at < m.to; at += 2 * piece {
		mapping{from: at, to: min(at+piece, m.to)}.advise(unix.MADV_RANDOM)
	}
}

// advise is advice: nothing is lost where it is not taken.
func (m mapping) advise(advice uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, advice)
}

func (m mapping) droppable() bool { return m.file && m.access[0] == 'r' && m.access[1] != 'w' }
