package shape

type Skeleton = skeleton

var (
	Strip = strip
	Near  = near
)

func Keys(s Skeleton, space uint64) []uint64 { return s.keys(space) }

func LookFar(a, b Skeleton) bool {
	return a.whole != b.whole && far(a.bits(), b.bits(), len(a.letters), len(b.letters))
}

func Equal(a, b Skeleton) bool { return a.whole == b.whole }
