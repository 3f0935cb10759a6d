package bench

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// A progress tells on stderr what is going on: one line that is rewritten on a
// terminal, a line every few seconds elsewhere.
type progress struct {
	file *os.File
	live bool

	mu    sync.Mutex
	title string
	doing string
	since time.Time // when doing began
	shown time.Time // when the line was last written
}

func newProgress(f *os.File) *progress {
	return &progress{file: f, live: isatty.IsTerminal(f.Fd())}
}

// about begins a scenario.
func (p *progress) about(name string, run, runs int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.title = name
	if runs > 1 {
		p.title = fmt.Sprintf("%s, run %d of %d", name, run, runs)
	}
}

// step says what is being done now.
func (p *progress) step(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing, p.since = what, time.Now()
	p.write("")
}

// count says how far a step is.
func (p *progress) count(done, all int) { p.note("%d of %d", done, all) }

// note adds to the step what there is to see; most calls write nothing.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := 5 * time.Second
	if p.live {
		every = 100 * time.Millisecond
	}
	if time.Since(p.shown) >= every {
		p.write(fmt.Sprintf(format, args...))
	}
}

// done ends a scenario.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live {
		fmt.Fprint(p.file, "\r\033[K")
	}
}

func (p *progress) write(note string) {
	p.shown = time.Now()
	line := p.title + ": " + p.doing
	if note != "" {
		line += fmt.Sprintf(", %s (%.0f s)", note, time.Since(p.since).Seconds())
	}
	if p.live {
		fmt.Fprintf(p.file, "\r\033[K%.100s", line)
	} else {
		fmt.Fprintln(p.file, line)
	}
}
