package api

import (
	"context"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// What is asked.
type (
	newContactRequest struct {
		To       string `json:"to" doc:"The user to become a friend of."`
		Greeting string `json:"greeting,omitempty" maxLength:"200"`
	}
	contactChange struct {
		Alias            *string   `json:"alias,omitempty" maxLength:"64" doc:"What I call them; empty for nothing."`
		Tags             *[]string `json:"tags,omitempty" maxItems:"20" maxLength:"64"`
		Starred          *bool     `json:"starred,omitempty"`
		ChatOnly         *bool     `json:"chat_only,omitempty" doc:"Neither sees the other's moments."`
		HideMyMoments    *bool     `json:"hide_my_moments,omitempty" doc:"They do not see mine."`
		HideTheirMoments *bool     `json:"hide_their_moments,omitempty" doc:"I do not see theirs."`
	}
)

// What is answered.
type (
	contactRequested struct {
		To    string `json:"to"`
		State string `json:"state" enum:"pending,friends"`
	}
	contactRequest struct {
		From     string    `json:"from"`
		Greeting string    `json:"greeting"`
		At       wire.Time `json:"at"`
	}
	contactItem struct {
		User             string    `json:"user"`
		DisplayName      string    `json:"display_name"`
		Alias            string    `json:"alias"`
		Tags             []string  `json:"tags"`
		Starred          bool      `json:"starred"`
		ChatOnly         bool      `json:"chat_only"`
		HideMyMoments    bool      `json:"hide_my_moments"`
		HideTheirMoments bool      `json:"hide_their_moments"`
		Since            wire.Time `json:"since"`
	}
	contacts struct {
		Items   []contactItem `json:"items" doc:"New and changed friends; all of them without since."`
		Removed []string      `json:"removed" doc:"Who is a friend no more."`
		Version string        `json:"version" doc:"Opaque. Ask with it as since for what changes from here on."`
	}
	blocked struct {
		User string    `json:"user"`
		At   wire.Time `json:"at"`
	}
)

func contactOf(f contact.Friend) contactItem {
	return contactItem{
		string(f.User), f.DisplayName, f.Alias, f.Tags, f.Starred,
		f.ChatOnly, f.HideMyMoments, f.HideTheirMoments,
		wire.Time{Time: f.Since},
	}
}

func (s *server) createContactRequest(ctx context.Context, c *call, in newContactRequest) (contactRequested, error) {
	state, err := s.contacts.Request(ctx, c.user, in.To, in.Greeting)
	return contactRequested{in.To, state}, err
}

func (s *server) listContactRequests(ctx context.Context, c *call, _ none) (list[contactRequest], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[contactRequest]{}, err
	}
	page, next, err := s.contacts.Requests(ctx, c.user, cursor, limit)
	return listOf(each(page, func(in contact.Incoming) contactRequest {
		return contactRequest{string(in.From), in.Greeting, wire.Time{Time: in.At}}
	}), next), err
}

func (s *server) acceptContactRequest(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.contacts.Accept(ctx, c.user, c.named("from"))
}

func (s *server) declineContactRequest(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.contacts.Decline(ctx, c.user, c.named("from"))
}

func (s *server) listContacts(ctx context.Context, c *call, _ none) (contacts, error) {
	inc, err := s.contacts.Contacts(ctx, c.user, c.query.Get(since.name))
	return contacts{each(inc.Items, contactOf), texts(inc.Removed), inc.Version}, err
}

func (s *server) changeContact(ctx context.Context, c *call, in contactChange) (contactItem, error) {
	f, err := s.contacts.Change(ctx, c.user, c.named("user"), contact.FriendChange(in))
	return contactOf(f), err
}

func (s *server) removeContact(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.contacts.Remove(ctx, c.user, c.named("user"))
}

// isApp tells an app's id from a user's.
func isApp(name string) bool {
	_, ok := id.ParseApp(name)
	return ok
}

func (s *server) block(ctx context.Context, c *call, _ none) (none, error) {
	if isApp(c.named("user")) {
		return none{}, s.notices.Block(ctx, c.user, c.named("user"))
	}
	return none{}, s.contacts.Block(ctx, c.user, c.named("user"))
}

func (s *server) unblock(ctx context.Context, c *call, _ none) (none, error) {
	if isApp(c.named("user")) {
		return none{}, s.notices.Unblock(ctx, c.user, c.named("user"))
	}
	return none{}, s.contacts.Unblock(ctx, c.user, c.named("user"))
}

func (s *server) listBlocks(ctx context.Context, c *call, _ none) (list[blocked], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[blocked]{}, err
	}
	page, next, err := s.contacts.Blocks(ctx, c.user, cursor, limit)
	return listOf(each(page, func(b contact.Blocked) blocked {
		return blocked{string(b.User), wire.Time{Time: b.At}}
	}), next), err
}
