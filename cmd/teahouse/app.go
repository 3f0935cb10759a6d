package main

import (
	"errors"
	"fmt"
	"net/url"
)

// appCmd manages mini-programs on the running server.
type appCmd struct {
	operatorFlags `embed:""`

	Tier appTier `cmd:"" help:"Say how many people a developer's apps may reach in 24 hours."`
}

type appTier struct {
	Developer string `arg:"" help:"The developer's user id."`
	Tier      int    `arg:"" help:"0: 250 people, 1: 2,000, 2: 10,000, 3: 100,000."`
}

func (c *appTier) Run(all *commands) error {
	err := all.App.ask("/operator/developers/"+url.PathEscape(c.Developer)+"/tier", map[string]int{"tier": c.Tier}, nil)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.Code == "not_found" {
		return fmt.Errorf("there is no user %q (not_found)", c.Developer)
	}
	if err == nil {
		fmt.Println(c.Developer, "is of tier", c.Tier, "now")
	}
	return err
}
