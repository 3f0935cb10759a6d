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
func dropPages() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uintptr
		var access string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &access); err != nil ||
			access[0] != 'r' || access[1] == 'w' || !strings.HasSuffix(lines.Text(), " "+self) {
			continue
		}
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
	}
}
