package bench

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/cockroachdb/pebble/v2"
)

// floorTime is for how long a floor is measured at least.
const floorTime = 500 * time.Millisecond

// A floor is what the parts that the server stands on cost by themselves, in this
// process, on the same disk, beside what was measured: what no server could do for less.
type floor struct {
	cpu  float64 // CPU-ms of one time
	took *hdrhistogram.Histogram
}

// floorOf does something again and again and tells what one time costs.
func floorOf(do func(i int) error) (floor, error) {
	f := floor{took: newLatencies()}
	if err := do(0); err != nil {
		return f, err
	}
	start, cpu, n := time.Now(), ownCPU(), 0
	for ; n < 10 || time.Since(start) < floorTime; n++ {
		at := clock()
		if err := do(n + 1); err != nil {
			return f, err
		}
		took(f.took, at)
	}
	f.cpu = (ownCPU() - cpu) * 1000 / float64(n)
	return f, nil
}

// An engine is the embedded store's engine without the store.
type engine struct {
	db  *pebble.DB
	dir string
}

type quiet struct{}

func (quiet) Infof(string, ...any)           {}
func (quiet) Errorf(string, ...any)          {}
func (quiet) Fatalf(format string, v ...any) { panic(fmt.Sprintf(format, v...)) }

// engine opens an empty one in the folder of the lab.
func (l *lab) engine() (*engine, error) {
	dir, err := os.MkdirTemp(l.dir, "floor")
	if err != nil {
		return nil, err
	}
	db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatNewest, CacheSize: 16 << 20, MemTableSize: 16 << 20, Logger: quiet{}})
	if err != nil {
		return nil, err
	}
	return &engine{db, dir}, nil
}

func (e *engine) close() {
	_ = e.db.Close()
	_ = os.RemoveAll(e.dir)
}

// Rows of the floor are about as long as those of moments.
const (
	floorRow   = 200  // bytes of a value
	floorPosts = 5000 // that are there, those of the page last
)

func rowKey(table string, of, i int) []byte { return fmt.Appendf(nil, "%s%08d.%026d", table, of, i) }

// A leaf is how many rows of what kind a page of a timeline is made of.
type leaf struct {
	posts  int // as many references, posts
	acts   int // under each post
	points int // rows read one by one: how two people stand to each other, who an author is
}

// page tells what reading the rows of the newest page costs, again and again.
func (e *engine) page(p leaf) (floor, error) {
	if err := e.fill(p); err != nil {
		return floor{}, err
	}
	from := floorPosts - p.posts
	return floorOf(func(int) error {
		rows, err := e.references(from)
		if err != nil {
			return err
		}
		more, err := e.threads(from, p.acts)
		if err != nil {
			return err
		}
		if want := p.posts * (2 + p.acts); rows+more != want {
			return fmt.Errorf("%d rows of a page were read, not %d", rows+more, want)
		}
		for k := range p.points {
			_, done, err := e.db.Get(rowKey("t", from-k*7, 0))
			if err != nil {
				return err
			}
			if err := done.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

// fill puts in the rows of many posts, a line of references, and rows to be read one by one.
func (e *engine) fill(p leaf) error {
	value := []byte(padding[:floorRow])
	for i := range floorPosts {
		b := e.db.NewBatch()
		err := errors.Join(b.Set(rowKey("r", 0, i), nil, nil), b.Set(rowKey("t", i, 0), value, nil))
		for k := range 1 + p.acts {
			err = errors.Join(err, b.Set(rowKey("p", i, k), value, nil))
		}
		if err = errors.Join(err, b.Commit(pebble.NoSync), b.Close()); err != nil {
			return err
		}
	}
	return nil
}

// references reads the line from its end back to a post.
func (e *engine) references(from int) (rows int, err error) {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: rowKey("r", 0, from), UpperBound: []byte("s")})
	if err != nil {
		return 0, err
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		rows++
	}
	return rows, errors.Join(it.Error(), it.Close())
}

// threads reads posts from one on, each with its acts.
func (e *engine) threads(from, acts int) (rows int, err error) {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte("p"), UpperBound: []byte("q")})
	if err != nil {
		return 0, err
	}
	for post := from; post < floorPosts; post++ {
		ok := it.SeekGE(rowKey("p", post, 0))
		for k := 0; ok && k <= acts; k++ {
			if v, err := it.ValueAndErr(); err == nil && len(v) == floorRow {
				rows++
			}
			ok = it.Next()
		}
	}
	return rows, errors.Join(it.Error(), it.Close())
}

// spread tells what one synced batch of n references costs, as posting to n friends needs it.
func (e *engine) spread(n int) (floor, error) {
	return floorOf(func(i int) error {
		b := e.db.NewBatch()
		for k := range n {
			if err := b.Set(rowKey("l", k*7919%100_000_000, i), nil, nil); err != nil {
				return err
			}
		}
		return errors.Join(b.Commit(pebble.Sync), b.Close())
	})
}

// A choir is sockets with somebody who reads at the other end of each.
type choir struct {
	ends, socks []net.Conn
	read, wrote atomic.Int64
}

func newChoir(n int) (*choir, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	c := &choir{}
	for range n {
		end, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			c.close()
			return nil, err
		}
		c.ends = append(c.ends, end)
		sock, err := l.Accept()
		if err != nil {
			c.close()
			return nil, err
		}
		c.socks = append(c.socks, sock)
		go func() {
			b := make([]byte, 4096)
			for {
				k, err := end.Read(b)
				if c.read.Add(int64(k)); err != nil {
					return
				}
			}
		}()
	}
	return c, nil
}

func (c *choir) close() {
	for _, s := range append(c.ends, c.socks...) {
		s.Close()
	}
}

// tell writes size bytes to each socket and waits until all is read. It tells what
// that cost who writes, in CPU-ms.
func (c *choir) tell(size int) (cpu float64, err error) {
	runtime.LockOSThread() // whose CPU it is
	defer runtime.UnlockOSThread()
	msg := []byte(strings.Repeat("x", size))
	before := threadCPU()
	for _, s := range c.socks {
		n, err := s.Write(msg)
		if c.wrote.Add(int64(n)); err != nil {
			return 0, err
		}
	}
	cpu = threadCPU() - before
	for end := time.Now().Add(patience); c.read.Load() < c.wrote.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return 0, errors.New("the sockets of this machine do not bring what is written to them")
		}
	}
	return cpu * 1000, nil
}
