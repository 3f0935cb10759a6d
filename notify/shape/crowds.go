package shape

import "slices"

// crowds are the texts of developers and who has read them. They are found by the
// keys of prints, and forgotten when their last reader is.
type crowds struct {
	heads  [bands][]int32 // by key; 0: none
	pages  [][]crowd
	free   []int32
	used   int32 // crowds below this were used once; 0 never is
	oldest int32
	newest int32
	n      int // readers in all
	texts  map[readerOf]int32
}

// readerOf is somebody who reads what a developer's apps say.
type readerOf struct{ developer, who uint64 }

// one counts one text more or less of somebody.
func (c *crowds) one(x *crowd, who uint64, more int32) {
	c.n += int(more)
	of := readerOf{x.developer, who}
	if c.texts[of] += more; c.texts[of] == 0 {
		delete(c.texts, of)
	}
}

// A crowd is one text, as it was first seen, and its readers.
type crowd struct {
	developer    uint64
	whole        uint64
	bits         uint64 // of the skeleton
	letters      string
	next         [bands]int32 // under the same head
	older, newer int32
	readers      []reader // in the order of time
	joined       *[]joined
}

// A reader is in a crowd once, whatever apps and templates it came from.
type reader struct {
	who uint64
	at  int64 // milliseconds; of delivery, so that it may lie ahead
}

// joined is a reader who does not count while their subject is small enough.
type joined struct {
	who     uint64
	at      int64
	subject uint64
}

const (
	crowdPage = 1024
	// crowdLook is how many are looked at under one key, the newest first, and crowdGlance
	// under one of those that many texts have; crowdMatch how many near ones count as one. Who has more texts that are alike is near to the
	// newest as well.
	crowdLook   = 32
	crowdGlance = 12
	crowdMatch  = 8
)

func newCrowds(most int) *crowds {
	c := &crowds{used: 1, texts: map[readerOf]int32{}}
	size := 1
	for size < most/4 {
		size *= 2
	}
	for band := range c.heads {
		c.heads[band] = make([]int32, size)
	}
	return c
}

func (c *crowds) at(i int32) *crowd { return &c.pages[i/crowdPage][i%crowdPage] }

func (c *crowds) head(band int, key uint64) *int32 {
	heads := c.heads[band]
	return &heads[key&uint64(len(heads)-1)]
}

// find are the crowds that a print belongs to, the best first.
func (c *crowds) find(p Print, found []int32) []int32 {
	own := skeleton{p.Letters, p.Whole}
	bits := own.bits()
	for band, key := range p.Keys {
		look := crowdLook
		if band >= bands-singles {
			look = crowdGlance
		}
		for i := *c.head(band, key); i != 0 && look > 0; look-- {
			x := c.at(i)
			if x.developer == p.Developer && (x.whole == p.Whole || !far(bits, x.bits, len(p.Letters), len(x.letters))) &&
				!slices.Contains(found, i) && near(own, skeleton{x.letters, x.whole}) {
				if found = append(found, i); len(found) == crowdMatch {
					return found
				}
			}
			i = x.next[band]
		}
	}
	return found
}

// add makes a crowd of nobody yet.
func (c *crowds) add(p Print) int32 {
	var i int32
	if n := len(c.free); n > 0 {
		i, c.free = c.free[n-1], c.free[:n-1]
	} else {
		i = c.used
		c.used++
		if int(i/crowdPage) >= len(c.pages) {
			c.pages = append(c.pages, make([]crowd, crowdPage))
		}
	}
	x := c.at(i)
	*x = crowd{developer: p.Developer, whole: p.Whole, letters: p.Letters, bits: skeleton{p.Letters, p.Whole}.bits()}
	for band, key := range p.Keys {
		head := c.head(band, key)
		x.next[band], *head = *head, i
	}
	c.link(i)
	return i
}

func (c *crowds) link(i int32) {
	x := c.at(i)
	x.older, x.newer = c.newest, 0
	if c.newest != 0 {
		c.at(c.newest).newer = i
	} else {
		c.oldest = i
	}
	c.newest = i
}

func (c *crowds) unlink(i int32) {
	x := c.at(i)
	if x.older != 0 {
		c.at(x.older).newer = x.newer
	} else {
		c.oldest = x.newer
	}
	if x.newer != 0 {
		c.at(x.newer).older = x.older
	} else {
		c.newest = x.older
	}
}

// touch makes a crowd the newest, without readers of a time or before it.
func (c *crowds) touch(i int32, by int64) *crowd {
	c.unlink(i)
	c.link(i)
	x := c.at(i)
	c.prune(x, by)
	return x
}

func (c *crowds) prune(x *crowd, by int64) {
	n := 0
	for ; n < len(x.readers) && x.readers[n].at <= by; n++ {
		c.one(x, x.readers[n].who, -1)
	}
	x.readers = slices.Delete(x.readers, 0, n)
	if x.joined == nil {
		return
	}
	list := *x.joined
	for n = 0; n < len(list) && list[n].at <= by; n++ {
		c.one(x, list[n].who, -1)
	}
	*x.joined = slices.Delete(list, 0, n)
}

// read puts a reader into a crowd, or notes that they have got it again.
func (c *crowds) read(x *crowd, r reader) {
	i := slices.IndexFunc(x.readers, func(o reader) bool { return o.who == r.who })
	if i >= 0 {
		r.at = max(r.at, x.readers[i].at)
		x.readers = slices.Delete(x.readers, i, i+1)
		c.one(x, r.who, -1)
	}
	i = len(x.readers)
	for i > 0 && x.readers[i-1].at > r.at {
		i--
	}
	x.readers = slices.Insert(x.readers, i, r)
	c.one(x, r.who, 1)
}

// join is read for somebody whom a subject joins with the others.
func (c *crowds) join(x *crowd, j joined) {
	if x.joined == nil {
		x.joined = new([]joined)
	}
	list := *x.joined
	i := slices.IndexFunc(list, func(o joined) bool { return o.who == j.who && o.subject == j.subject })
	if i >= 0 {
		j.at = max(j.at, list[i].at)
		list = slices.Delete(list, i, i+1)
		c.one(x, j.who, -1)
	}
	i = len(list)
	for i > 0 && list[i-1].at > j.at {
		i--
	}
	*x.joined = slices.Insert(list, i, j)
	c.one(x, j.who, 1)
}

// expire forgets crowds whose last reader was at a time or before it, and was the
// last to be touched.
func (c *crowds) expire(by int64) {
	for c.oldest != 0 {
		i := c.oldest
		x := c.at(i)
		if c.prune(x, by); len(x.readers) > 0 || x.joined != nil && len(*x.joined) > 0 {
			return
		}
		c.unlink(i)
		for band, key := range (skeleton{x.letters, x.whole}).keys(x.developer) {
			at := c.head(band, key)
			for *at != i {
				at = &c.at(*at).next[band]
			}
			*at = x.next[band]
		}
		*x = crowd{}
		c.free = append(c.free, i)
	}
}
