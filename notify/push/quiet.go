package push

import (
	"time"
	_ "time/tzdata" // zones are known wherever the server runs

	"github.com/teahouse-im/teahouse/fault"
)

const minutesOfDay = 24 * 60

// check refuses what is no time of day.
func (q *Quiet) check() error {
	switch {
	case q.From < 0 || q.From >= minutesOfDay:
		return fault.BadRequest.At("/quiet/from", "is no minute of a day")
	case q.To < 0 || q.To >= minutesOfDay:
		return fault.BadRequest.At("/quiet/to", "is no minute of a day")
	case q.From == q.To:
		return fault.BadRequest.At("/quiet/to", "is when it begins; for no quiet hours, give null")
	case q.Zone == "" || q.Zone == "Local":
		return fault.BadRequest.At("/quiet/zone", "is no time zone such as Europe/Berlin")
	}
	if _, err := time.LoadLocation(q.Zone); err != nil {
		return fault.BadRequest.At("/quiet/zone", "is no time zone such as Europe/Berlin")
	}
	return nil
}

// holds tells whether it is quiet. Clocks that are set forward or back are followed.
func (q *Quiet) holds(now time.Time) bool {
	if q == nil {
		return false
	}
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		return false // it was checked; this system's list is an older one
	}
	t := now.In(zone)
	m := t.Hour()*60 + t.Minute()
	if q.From < q.To {
		return q.From <= m && m < q.To
	}
	return q.From <= m || m < q.To
}
