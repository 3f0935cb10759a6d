package gateway

// A watching is whom one session watches, in the order it asked, and what it is
// still to be told. It is guarded by the watches.
type watching struct {
	s      *session
	people []place
	waits  [(watchMost + 63) / 64]uint64 // a bit for each of people who is to be told of

	rests bool // it stands in the line of those that rest
	until moment
	next  *watching // in that line
}

// A place is a sight, and where among its viewers the session is.
type place struct {
	*sight
	at uint32
}

// A viewer is a session that watches somebody.
type viewer struct {
	of    *watching
	told  *frame // what it was told last; nil: that there is nothing to see
	place uint8  // of the sight among its people
	may   bool   // know
}

// viewer finds what is kept of a session with one of its people.
func (x *watching) viewer(place uint8) *viewer {
	p := x.people[place]
	return &p.by[p.at]
}

// waiting tells whether there is anything the session is still to be told.
func (x *watching) waiting() bool { return x.waits != [len(x.waits)]uint64{} }

// wait has the session told of one of its people later.
func (x *watching) wait(place uint8) {
	if !x.waiting() {
		x.s.news.Store(true)
	}
	x.waits[place/64] |= 1 << (place % 64)
}

// done notes that the session was told of one of its people, or need not be.
func (x *watching) done(place uint8) {
	x.waits[place/64] &^= 1 << (place % 64)
	if !x.waiting() {
		x.s.news.Store(false)
	}
}

// watch enters a session among those who watch p; it knows how p is seen.
func (x *watching) watch(p *sight, may bool) {
	x.people = append(x.people, place{p, uint32(len(p.by))})
	p.by = append(p.by, viewer{of: x, told: p.shown(may), place: uint8(len(x.people) - 1), may: may})
}

// sights are those it watches.
func (x *watching) sights() []*sight {
	all := make([]*sight, len(x.people))
	for i, p := range x.people {
		all[i] = p.sight
	}
	return all
}

// quit makes a session watch nobody.
func (x *watching) quit() {
	for _, p := range x.people {
		last := len(p.by) - 1
		moved := p.by[last]
		p.by[p.at] = moved
		moved.of.people[moved.place].at = p.at
		p.by[last] = viewer{}
		p.by = p.by[:last]
	}
	x.people = nil
	x.waits = [len(x.waits)]uint64{}
	x.s.news.Store(false)
}
