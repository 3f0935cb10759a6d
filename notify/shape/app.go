package shape

import "slices"

const (
	minuteMillis = 60_000
	hourMillis   = 60 * minuteMillis
	weekHours    = 7 * 24
	// heldMost bounds what is remembered of one app. The law acts at a fraction of it.
	heldMost = 1024
)

// An app is what is remembered of one: how much it redeems, and what of it is held.
// Times of day do not count, so minutes and hours are those since 1970.
type app struct {
	minutes []minute // of the last hour
	hours   []hour   // of the week before; without what was held as a broadcast
	held    []holding
}

type minute struct {
	at       int64
	all, old int32 // old: of grants that were
}

type hour struct {
	at int64
	n  int32
}

// A holding is one notice that was held for Crowd or Hoard.
type holding struct {
	template, notice uint64
	at               int64 // milliseconds
}

// redeemed counts one.
func (a *app) redeemed(at int64, old, held bool) {
	m := minute{at: at / minuteMillis}
	i, ok := slices.BinarySearchFunc(a.minutes, m.at, func(o minute, at int64) int { return int(o.at - at) })
	if !ok {
		a.minutes = slices.Insert(a.minutes, i, m)
	}
	a.minutes[i].all++
	if old {
		a.minutes[i].old++
	}
	if held {
		return
	}
	a.inHour(at/hourMillis).n++
}

func (a *app) inHour(at int64) *hour {
	i, ok := slices.BinarySearchFunc(a.hours, at, func(o hour, at int64) int { return int(o.at - at) })
	if !ok {
		a.hours = slices.Insert(a.hours, i, hour{at: at})
	}
	return &a.hours[i]
}

// burst tells whether one more makes the last hour one of hoarded grants.
func (a *app) burst(at int64, old bool, l Limits) bool {
	all, aged := int32(1), int32(0)
	if old {
		aged++
	}
	for _, m := range a.minutes {
		all += m.all
		aged += m.old
	}
	return int(all) > max(l.HoardFloor, l.HoardTimes*a.usual(at/hourMillis)) && 2*aged > all
}

// usual is the 95th percentile of the whole hours in the week before the last hour;
// quiet hours are hours too.
func (a *app) usual(now int64) int {
	var counts []int32
	for _, h := range a.hours {
		if h.at < now-1 && h.at >= now-1-weekHours {
			counts = append(counts, h.n)
		}
	}
	busier := weekHours - (weekHours*95+99)/100 // hours above the percentile
	if len(counts) <= busier {
		return 0
	}
	slices.Sort(counts)
	return int(counts[len(counts)-1-busier])
}

// hold notes a notice that is held; the same one only once.
func (a *app) hold(h holding) {
	if h.notice != 0 && slices.ContainsFunc(a.held, func(o holding) bool { return o.notice == h.notice }) {
		return
	}
	if len(a.held) == heldMost {
		a.held = slices.Delete(a.held, 0, 1)
	}
	a.held = append(a.held, h)
}

func (a *app) heldOf(template uint64) (ofTemplate, ofApp int) {
	for _, h := range a.held {
		if h.template == template {
			ofTemplate++
		}
	}
	return ofTemplate, len(a.held)
}

// expire forgets what does not count any more, and is true if nothing is left.
func (a *app) expire(now, heldBy int64) bool {
	a.minutes = slices.DeleteFunc(a.minutes, func(m minute) bool { return m.at <= now/minuteMillis-60 })
	a.hours = slices.DeleteFunc(a.hours, func(h hour) bool { return h.at < now/hourMillis-1-weekHours })
	a.held = slices.DeleteFunc(a.held, func(h holding) bool { return h.at <= heldBy })
	return len(a.minutes)+len(a.hours)+len(a.held) == 0
}
