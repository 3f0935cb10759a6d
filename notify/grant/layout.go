package grant

import "encoding/json"

func (u *userRow) layout(c *coder) { list(c, (*[]int64)(&u.Alerts), number[int64]) }

func (a *appRow) layout(c *coder) {
	list(c, &a.Taps, func(c *coder, t *tap) { t.layout(c) })
	list(c, &a.Sheets, func(c *coder, s *shown) {
		text(c, &s.Consent)
		c.time(&s.At)
	})
	list(c, (*[]int64)(&a.Rejects), number[int64])
	c.time(&a.Silent)
	list(c, &a.Never, text)
	c.flag(&a.Muted)
	c.flag(&a.Blocked)
	list(c, (*[]int64)(&a.Alerts), number[int64])
	number(c, &a.Shut)
	table(c, &a.Stops, number[int])
	list(c, &a.Messages, (*coder).uuid)
	c.time(&a.Wrote)
}

func (t *tap) layout(c *coder) {
	text(c, &t.Name)
	text(c, &t.Session)
	text(c, &t.Page)
	c.time(&t.At)
	text(c, &t.Spent)
}

func (a *answered) layout(c *coder) {
	c.fixed(a.Hash[:])
	c.uuid(&a.Notice)
	text(c, &a.Status)
	c.flag(&a.Alert)
	number(c, &a.Left)
	c.time(&a.Expires)
}

func (g *Grant) layout(c *coder) {
	text(c, &g.ID)
	text(c, &g.User)
	text(c, &g.App)
	text(c, &g.AppName)
	text(c, &g.Template)
	number(c, &g.Version)
	text(c, &g.Title)
	text(c, &g.Scope)
	text(c, &g.Subject)
	g.Locked.layout(c)
	optional(c, &g.Cadence, func(c *coder, k *Cadence) {
		number(c, &k.Uses)
		text(c, &k.Per)
	})
	g.Act.layout(c)
	text(c, &g.Item)
	c.time(&g.Until)
	number(c, &g.Uses)
	number(c, &g.Left)
	c.time(&g.MintedAt)
	c.time(&g.ExpiresAt)
	number(c, &g.Lives)
	c.time(&g.First)
	text(c, &g.State)
	list(c, &g.Sent, (*coder).time)
	list(c, &g.Unread, func(c *coder, p *Place) {
		c.uuid(&p.Notice)
		number(c, &p.Seq)
	})
	c.time(&g.HandedAt)
	number(c, &g.Turn)
	text(c, &g.End)
	c.flag(&g.Stopped)
}

func (a *Act) layout(c *coder) {
	text(c, &a.Kind)
	text(c, &a.Page)
	c.time(&a.At)
	text(c, &a.Device)
	text(c, &a.Name)
}

// layout has params in the order of their keys. Most have one type, which table
// would sort.
func (v *Values) layout(c *coder) {
	table(c, (*map[string]map[string]string)(v), func(c *coder, typed *map[string]string) {
		if c.reading || len(*typed) != 1 {
			table(c, typed, text)
			return
		}
		c.size(1)
		for k, value := range *typed {
			c.write(k)
			c.write(value)
		}
	})
}

func (n *Notice) layout(c *coder) {
	c.uuid(&n.ID)
	text(c, &n.User)
	text(c, &n.App)
	text(c, &n.AppName)
	text(c, &n.Grant)
	text(c, &n.Template)
	number(c, &n.Version)
	text(c, &n.Title)
	n.Data.layout(c)
	text(c, &n.Page)
	text(c, &n.State)
	c.time(&n.At)
	c.flag(&n.Alert)
	text(c, &n.Status)
	text(c, &n.Why)
	c.flag(&n.Standing)
	number(c, &n.Turn)
	number(c, &n.Stops)
	c.time(&n.Released)
	text(c, &n.Kind)
	body := string(n.Body)
	if text(c, &body); body != "" {
		n.Body = json.RawMessage(body)
	}
}

func (o *owing) layout(c *coder) {
	text(c, &o.User)
	c.uuid(&o.Notice)
}
