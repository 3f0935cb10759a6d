package shape

// members are distinct members of many sets, each with the time it was last seen;
// whoever was not seen for a while is gone, oldest first, without a look at the
// rest. It is one array without pointers, chained by hash and by age.
type members struct {
	heads  []int32 // by hash; 0: none
	nodes  []member
	free   int32 // chain of unused nodes; 0: none
	unused int32 // nodes from here on were never used
	oldest int32
	newest int32
	sizes  map[uint64]int32 // of sets
	n      int
}

type member struct {
	set, who     uint64
	at           int64 // milliseconds
	next         int32 // with the same hash, or unused
	older, newer int32
}

// newMembers has room for that many. What is not used costs no memory.
func newMembers(most int) *members {
	size := 1
	for size < most {
		size *= 2
	}
	return &members{heads: make([]int32, size), nodes: make([]member, most+1), unused: 1, sizes: map[uint64]int32{}}
}

func (m *members) head(set, who uint64) *int32 {
	return &m.heads[mix(set^mix(who))&uint64(len(m.heads)-1)]
}

func (m *members) find(set, who uint64) int32 {
	for i := *m.head(set, who); i != 0; i = m.nodes[i].next {
		if n := &m.nodes[i]; n.set == set && n.who == who {
			return i
		}
	}
	return 0
}

func (m *members) has(set, who uint64) bool { return m.find(set, who) != 0 }

// size is how many a set has.
func (m *members) size(set uint64) int { return int(m.sizes[set]) }

// with is how many a set has with somebody.
func (m *members) with(set, who uint64) int {
	if m.has(set, who) {
		return m.size(set)
	}
	return m.size(set) + 1
}

// full is true if there may be no room for what one sighting adds.
func (m *members) full() bool { return m.n+4 > len(m.nodes) }

// see puts somebody into a set, or notes that they were seen again. It is false if there is no room.
func (m *members) see(set, who uint64, at int64) bool {
	i := m.find(set, who)
	if i != 0 {
		m.unlink(i)
	} else {
		switch {
		case m.free != 0:
			i = m.free
			m.free = m.nodes[i].next
		case int(m.unused) < len(m.nodes):
			i = m.unused
			m.unused++
		default:
			return false
		}
		head := m.head(set, who)
		m.nodes[i] = member{set: set, who: who, next: *head}
		*head = i
		m.sizes[set]++
		m.n++
	}
	n := &m.nodes[i]
	n.at = max(n.at, at)
	n.older, n.newer = m.newest, 0
	if m.newest != 0 {
		m.nodes[m.newest].newer = i
	} else {
		m.oldest = i
	}
	m.newest = i
	return true
}

// unlink takes a node out of the order of age.
func (m *members) unlink(i int32) {
	n := &m.nodes[i]
	if n.older != 0 {
		m.nodes[n.older].newer = n.newer
	} else {
		m.oldest = n.newer
	}
	if n.newer != 0 {
		m.nodes[n.newer].older = n.older
	} else {
		m.newest = n.older
	}
}

// expire forgets whoever was last seen at a time or before it.
func (m *members) expire(by int64) {
	for m.oldest != 0 && m.nodes[m.oldest].at <= by {
		i := m.oldest
		m.unlink(i)
		n := &m.nodes[i]
		at := m.head(n.set, n.who)
		for *at != i {
			at = &m.nodes[*at].next
		}
		*at = n.next
		if m.sizes[n.set]--; m.sizes[n.set] == 0 {
			delete(m.sizes, n.set)
		}
		*n = member{next: m.free}
		m.free = i
		m.n--
	}
}
