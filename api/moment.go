package api

import (
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// What is asked.
type (
	newMoment struct {
		Text     string       `json:"text,omitempty" maxLength:"2000" doc:"Characters, not bytes. It may be empty if there are media."`
		Media    []string     `json:"media,omitempty" maxItems:"9" doc:"Up to nine pictures, or one film, of my own uploads."`
		Audience newAudience  `json:"audience" doc:"For whom it is."`
		Mentions []string     `json:"mentions,omitempty" maxItems:"50" doc:"Who is meant. Those who may not see it are left out."`
		Location *newLocation `json:"location,omitempty" doc:"Where it was."`
		AppCard  *newAppCard  `json:"app_card,omitempty" doc:"A page of a mini-program."`
	}
	newAudience struct {
		Kind  string   `json:"kind" enum:"friends,private,only,except" doc:"All friends, me alone, only these, all friends but these."`
		Users []string `json:"users,omitempty" maxItems:"1000" doc:"Friends, for only and except."`
		Tags  []string `json:"tags,omitempty" maxItems:"50" doc:"Whom I gave one of these tags, for only and except."`
		Mode  string   `json:"mode,omitempty" enum:"live,snapshot" doc:"Whether it follows my tags and friendships as they change, or holds whom it held when it was set. Denials always follow. live if left out."`
	}
	newLocation struct {
		Lat  *float64 `json:"lat" nullable:"false" minimum:"-90" maximum:"90" doc:"Degrees north."`
		Lng  *float64 `json:"lng" nullable:"false" minimum:"-180" maximum:"180" doc:"Degrees east."`
		Name string   `json:"name,omitempty" maxLength:"200" doc:"What the place is called."`
	}
	newAppCard struct {
		App   string `json:"app" doc:"A mini-program."`
		Title string `json:"title" maxLength:"64" doc:"What the page shows."`
		Page  string `json:"page" maxLength:"512" doc:"A path in it, perhaps with a query."`
	}
	momentChange struct {
		Audience newAudience `json:"audience" doc:"For whom it is from now on."`
	}
	audiencePreview struct {
		Audience newAudience `json:"audience" doc:"For whom a moment would be."`
	}
	newComment struct {
		Text    string `json:"text" minLength:"1" maxLength:"2000" doc:"Characters, not bytes."`
		ReplyTo string `json:"reply_to,omitempty" doc:"The comment it answers."`
	}
)

// What is answered.
type (
	moment struct {
		Post     string    `json:"post" doc:"Its id."`
		Author   string    `json:"author" doc:"A user id."`
		At       wire.Time `json:"at" doc:"When it was posted."`
		Text     string    `json:"text" doc:"May be empty."`
		Media    []picture `json:"media" doc:"In the order they were given in."`
		Location *location `json:"location,omitempty" doc:"Where it was."`
		AppCard  *appCard  `json:"app_card,omitempty" doc:"A page of a mini-program."`
		Mentions []string  `json:"mentions,omitempty" doc:"Who is meant."`
		Audience *audience `json:"audience,omitempty" doc:"For whom it is; told to its author alone."`
		Likes    []like    `json:"likes" doc:"Those I may see, the earliest first."`
		Comments []comment `json:"comments" doc:"Those I may see, the earliest first."`
	}
	picture struct {
		Media       string `json:"media" doc:"Its id, to be downloaded by."`
		Type        string `json:"type" doc:"A media type."`
		Width       int    `json:"width" doc:"Pixels."`
		Height      int    `json:"height" doc:"Pixels."`
		Placeholder string `json:"placeholder,omitempty" doc:"What to show before it is loaded, as a blurhash."`
	}
	appCard struct {
		App   string `json:"app" doc:"The mini-program."`
		Title string `json:"title" doc:"What the page shows."`
		Page  string `json:"page" doc:"A path in it."`
	}
	location struct {
		Lat  float64 `json:"lat" doc:"Degrees north."`
		Lng  float64 `json:"lng" doc:"Degrees east."`
		Name string  `json:"name,omitempty" doc:"What the place is called."`
	}
	audience struct {
		Kind  string   `json:"kind" enum:"friends,private,only,except" doc:"All friends, me alone, only these, all friends but these."`
		Users []string `json:"users" doc:"User ids."`
		Tags  []string `json:"tags" doc:"My own."`
		Mode  string   `json:"mode" enum:"live,snapshot" doc:"Whether it follows my tags and friendships as they change."`
	}
	like struct {
		User string    `json:"user" doc:"Who likes it."`
		At   wire.Time `json:"at" doc:"Since when."`
	}
	comment struct {
		ID      string    `json:"id" doc:"Names the comment."`
		From    string    `json:"from" doc:"Who wrote it."`
		Text    string    `json:"text" doc:"What it says."`
		ReplyTo *reply    `json:"reply_to,omitempty" doc:"What it answers."`
		At      wire.Time `json:"at" doc:"When it was written."`
	}
	reply struct {
		ID   string `json:"id" doc:"A comment under the same moment."`
		User string `json:"user" doc:"Who wrote that."`
	}
	verdict struct {
		User string `json:"user" doc:"A friend."`
		Sees bool   `json:"sees" doc:"Whether they may see it, as far as it is up to me."`
		Rule string `json:"rule" doc:"Why, in one word."`
	}
	previewed struct {
		Users []string `json:"users" doc:"Who would see it, as far as it is up to me."`
		Count int      `json:"count" doc:"How many they are."`
	}
)

func (a newAudience) read() feed.Audience {
	return feed.Audience{Kind: a.Kind, Users: typed[id.User](a.Users), Tags: a.Tags, Mode: a.Mode}
}

// read makes a draft of what is asked. The domain checks it.
func (m newMoment) read() (feed.Draft, error) {
	d := feed.Draft{
		Text: m.Text, Media: m.Media, Mentions: m.Mentions, Audience: m.Audience.read(),
	}
	if l := m.Location; l != nil {
		switch {
		case l.Lat == nil:
			return feed.Draft{}, fault.BadRequest.At("/location/lat", "is missing")
		case l.Lng == nil:
			return feed.Draft{}, fault.BadRequest.At("/location/lng", "is missing")
		}
		d.Location = &feed.Location{Lat: *l.Lat, Lng: *l.Lng, Name: l.Name}
	}
	if c := m.AppCard; c != nil {
		d.Card = &feed.Card{App: id.App(c.App), Title: c.Title, Page: c.Page}
	}
	return d, nil
}

func momentOf(m feed.Moment) moment {
	out := moment{
		Post: string(m.ID), Author: string(m.Author), At: wire.Time{Time: m.At}, Text: m.Text,
		Media: each(m.Media, pictureOf), Mentions: texts(m.Mentions),
		Likes: each(m.Likes, likeOf), Comments: each(m.Comments, commentOf),
	}
	if l := m.Location; l != nil {
		out.Location = &location{l.Lat, l.Lng, l.Name}
	}
	if c := m.Card; c != nil {
		out.AppCard = &appCard{string(c.App), c.Title, c.Page}
	}
	if a := m.Audience; a != nil {
		out.Audience = &audience{a.Kind, texts(a.Users), texts(a.Tags), a.Mode}
	}
	return out
}

func pictureOf(m feed.Medium) picture {
	return picture{string(m.ID), m.Type, m.Width, m.Height, m.Placeholder}
}

func likeOf(l feed.Liked) like { return like{string(l.User), wire.Time{Time: l.At}} }

func commentOf(c feed.Said) comment {
	out := comment{ID: string(c.ID), From: string(c.From), Text: c.Text, At: wire.Time{Time: c.At}}
	if r := c.ReplyTo; r != nil {
		out.ReplyTo = &reply{string(r.ID), string(r.User)}
	}
	return out
}

func verdictOf(v feed.Verdict) verdict { return verdict{string(v.User), v.Sees, string(v.Rule)} }
