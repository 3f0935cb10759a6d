package bench

// All is every scenario of the promises.
type All struct {
	Entries int `default:"1000000" help:"Entries of the full store in storecost."`
}

// Run is the command.
func (s *All) Run(c *Command) error {
	list := []scenario{
		&Start{},
		&Idle{Settle: 8e9},
		&Pairs{},
		&Fanout{Flying: 4},
		&Resume{Sessions: 2000, Missed: 10},
		&Groupcost{Members: 5000, Senders: 4, Flying: 4, Rounds: 5},
		&Timeline{Likes: 5, Comments: 3, Flying: 2, Rounds: 3},
		&Post{Online: 200, Rounds: 3, Singles: 60},
		&Presence{People: 50, Changes: 20, Rate: 20, Crowd: 15e9},
	}
	if len(c.Addr) > 0 {
		list = list[1:]
	} else {
		list = append(list, &Redeem{Apps: 60, People: 200, Flying: 64}, &Storecost{Entries: s.Entries, Senders: 50, Rounds: 5, Within: 18e11})
	}
	if max(c.Nodes, len(c.Addr)) > 1 {
		list = append(list, &Hot{Senders: 16, Flying: 16})
	}
	return c.run(list...)
}
