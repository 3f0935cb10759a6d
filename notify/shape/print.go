package shape

import "strings"

// A Print is what a board remembers of a sighting: hashes, and the letters of its
// skeleton. Nothing in it is a name.
type Print struct {
	Developer uint64
	App       uint64
	Template  uint64
	Subject   uint64 // of the template; 0 if it joins nobody
	Reader    uint64
	Notice    uint64 // 0: unknown

	Text    bool     // there is one to compare
	Letters string   // of its skeleton; none if it has hardly any
	Whole   uint64   // what equal texts have alike
	Keys    []uint64 // under any of which a near text of the developer is found, the best first
}

// Take makes the print of a sighting.
func Take(s Sighting) Print {
	p := Print{
		Developer: sum("developer", string(s.Developer)),
		App:       sum("app", string(s.App)),
		Template:  Name(s.Template),
		Reader:    sum("reader", string(s.Reader)),
	}
	if s.Joined > 0 {
		p.Subject = sum("subject", string(s.Template), s.Subject)
	}
	if s.Notice != "" {
		p.Notice = sum("notice", string(s.App), s.Notice)
	}
	k, ok := strip(s.Texts)
	if p.Text = ok; ok {
		p.Letters, p.Whole, p.Keys = strings.Clone(k.letters), k.whole, k.keys(p.Developer)
	}
	return p
}
