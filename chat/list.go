package chat

import (
	"context"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// OpenDirect names the conversation of u and another, who need not have written
// yet, or of u and an app.
func (s *Service) OpenDirect(ctx context.Context, u id.User, with string) (string, error) {
	if app, ok := id.ParseApp(with); ok {
		_, err := s.opt.Apps.AppName(ctx, app)
		return string(id.ServiceStream(u, app)), err
	}
	peer, ok := id.ParseUser(with)
	if !ok {
		return "", fault.NotFound
	}
	if peer == u {
		return "", fault.BadRequest.At("/with", "is yourself")
	}
	if _, err := s.people.DisplayName(ctx, peer); err != nil {
		return "", err
	}
	return string(id.DirectStream(u, peer)), nil
}

// Conversations lists what u takes part in and has not hidden, by stream. next
// goes back as cursor; "" ends the list.
func (s *Service) Conversations(ctx context.Context, u id.User, cursor string, limit int) (items []wire.Stream, next string, err error) {
	if cursor != "" {
		if _, ok := id.ParseStream(cursor, u); !ok {
			return nil, "", fault.BadRequest.Saying("The cursor is not one of this list.")
		}
	}
	all, err := s.conversations(ctx, u)
	if err != nil {
		return nil, "", err
	}
	heads, err := s.log.Heads(ctx, streamsOf(all))
	if err != nil {
		return nil, "", err
	}
	var page []wanted
	for i, a := range all {
		if a.stream.Kind() == id.Personal || string(a.stream) <= cursor || !a.current(heads[i]) || a.hides(heads[i]) {
			continue
		}
		if len(page) == limit {
			next = string(page[limit-1].stream)
			break
		}
		page = append(page, wanted{access: &all[i], head: heads[i]})
	}
	items, err = s.states(ctx, page)
	return items, next, err
}

// hides tells whether the user does not want to see the conversation until something new is in it.
func (a *access) hides(head stream.Head) bool { return a.set.Hidden > 0 && head.Seq <= a.set.Hidden }

// Conversation shows one conversation to somebody who is in it.
func (s *Service) Conversation(ctx context.Context, u id.User, name string) (wire.Conversation, error) {
	a, err := s.talk(ctx, u, name)
	if err != nil {
		return wire.Conversation{}, err
	}
	return s.shownTo(ctx, &a)
}

// talk is member for conversations; personal streams are NotFound.
func (s *Service) talk(ctx context.Context, u id.User, name string) (access, error) {
	if id.Stream(name).Kind() == id.Personal {
		return access{}, fault.NotFound
	}
	return s.member(ctx, u, name)
}

func (s *Service) shownTo(ctx context.Context, a *access) (wire.Conversation, error) {
	head, err := s.head(ctx, a)
	if err != nil {
		return wire.Conversation{}, err
	}
	var st wire.Stream
	if err := s.entitle(ctx, a, &st); err != nil {
		return wire.Conversation{}, err
	}
	return wire.Conversation{
		Stream: a.stream.Name(), Kind: string(a.stream.Kind()), Title: st.Title, Peer: st.Peer, Group: st.Group,
		Muted: a.set.Muted, Pinned: a.set.Pinned, Hidden: a.hides(head),
	}, nil
}

// SettingsChange is what a user may change in their own view of a conversation; nil stays as it is.
type SettingsChange struct {
	Muted  *bool
	Pinned *bool
	Hidden *bool
}

// Configure changes a user's own view of a conversation.
func (s *Service) Configure(ctx context.Context, u id.User, name string, to SettingsChange) (wire.Conversation, error) {
	a, err := s.talk(ctx, u, name)
	if err != nil {
		return wire.Conversation{}, err
	}
	if to.Muted != nil {
		a.set.Muted = *to.Muted
	}
	if to.Pinned != nil {
		a.set.Pinned = *to.Pinned
	}
	if to.Hidden != nil {
		a.set.Hidden = 0
		if *to.Hidden {
			head, err := s.head(ctx, &a)
			if err != nil {
				return wire.Conversation{}, err
			}
			a.set.Hidden = head.Seq
		}
	}
	if err := s.list(ctx, &a); err != nil {
		return wire.Conversation{}, err
	}
	if err := s.store.PutSettings(ctx, u, a.stream, a.set); err != nil {
		return wire.Conversation{}, err
	}
	return s.shownTo(ctx, &a)
}
