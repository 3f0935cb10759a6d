package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"
)

// userCmd talks to the running server through its operations listener.
type userCmd struct {
	operatorFlags `embed:""`

	Add       userAdd       `cmd:"" help:"Add somebody; the password is read from standard input."`
	Password  userPassword  `cmd:"" help:"Set a new password, read from standard input; it ends all sign-ins."`
	Role      userRole      `cmd:"" help:"Give or take a role."`
	Suspend   userSuspend   `cmd:"" help:"Keep somebody out; open connections are closed at once."`
	Unsuspend userUnsuspend `cmd:"" help:"Let somebody in again."`
}

type (
	userAdd struct {
		Name        string `arg:""`
		DisplayName string `help:"What others see; the name if left out."`
	}
	userPassword struct {
		Name string `arg:""`
	}
	userRole struct {
		Name string `arg:""`
		Role string `arg:"" enum:"moderator,senior,auditor,none" help:"${enum}"`
	}
	userSuspend struct {
		Name   string        `arg:""`
		Reason string        `help:"For the operator's own books."`
		For    time.Duration `help:"How long, such as 24h; until lifted if left out."`
	}
	userUnsuspend struct {
		Name string `arg:""`
	}
)

func (c *userAdd) Run(all *commands) error {
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	name := c.DisplayName
	if name == "" {
		name = c.Name
	}
	return all.User.post(c.Name, "", map[string]any{"user": c.Name, "password": password, "display_name": name}, "was added")
}

func (c *userPassword) Run(all *commands) error {
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	return all.User.post(c.Name, "password", map[string]any{"password": password}, "has a new password; all sign-ins have ended")
}

func (c *userRole) Run(all *commands) error {
	did := "is " + c.Role + " now"
	if c.Role == "none" {
		did = "has no role any more"
	}
	return all.User.post(c.Name, "role", map[string]any{"role": c.Role}, did)
}

func (c *userSuspend) Run(all *commands) error {
	body, did := map[string]any{}, "is suspended until lifted"
	if c.Reason != "" {
		body["reason"] = c.Reason
	}
	if c.For != 0 {
		if c.For < time.Second {
			return usageError{fmt.Errorf("--for: %s is less than a second", c.For)}
		}
		body["for_s"] = int64(c.For / time.Second)
		did = "is suspended for " + c.For.Truncate(time.Second).String()
	}
	return all.User.post(c.Name, "suspend", body, did)
}

func (c *userUnsuspend) Run(all *commands) error {
	return all.User.post(c.Name, "unsuspend", map[string]any{}, "is not suspended any more")
}

// readPassword takes the first line.
func readPassword(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("no password on standard input")
	}
	return line, nil
}

// post asks the server for something about a person, and says what was done. What
// "" is adds them.
func (c *userCmd) post(name, what string, body any, did string) error {
	path := "/operator/users"
	if what != "" {
		path += "/" + url.PathEscape(name) + "/" + what
	}
	err := c.ask(path, body, nil)
	switch refused, ok := errors.AsType[*refusal](err); {
	case ok && refused.Code == "not_found":
		return fmt.Errorf("there is no user %q (not_found)", name)
	case ok:
		return fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return err
	}
	fmt.Println(name, did)
	return nil
}
