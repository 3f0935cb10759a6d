package api

import (
	"maps"

	"github.com/teahouse-im/teahouse/fault"
)

// introduction is what the documents begin with.
const introduction = "Everything a person does in Teahouse, over HTTP. What happens live comes over the WebSocket at `/v1/ws`.\n\n" +
	"Bodies are JSON objects in UTF-8 of at most 1 MiB. They are read strictly: a member that is not known, stands twice, is null or of another type is refused. " +
	"Answers may get new members at any time; ignore those you do not know. Times are RFC 3339 in UTC with milliseconds. Ids are opaque.\n\n" +
	"Send the token of a sign-in as `Authorization: Bearer …`. A token in a URL opens nothing.\n\n" +
	"Errors are problem documents (`application/problem+json`). Switch on their `code` and nothing else. `Retry-After` says when trying again makes sense, " +
	"`X-Trace-Id` names the request in the server's log.\n\n" +
	"Lists answer `{\"items\": […], \"next\": …}`. Ask again with `next` as `cursor` until it is null."

// opWords are what the documents say about an operation.
type opWords struct {
	summary, text string
	also          []int        // further statuses of an answer that went well
	refuses       []fault.Code // beside those that every operation of its kind has
}

// words are those of all operations.
var words = together(peopleWords, appWords)

func together[V any](of ...map[string]V) map[string]V {
	all := map[string]V{}
	for _, m := range of {
		maps.Copy(all, m)
	}
	return all
}

// peopleWords are those of what people do among themselves, and of operators.
var peopleWords = map[string]opWords{
	"createAccount": {
		"Create an account", "The user id is taken for good.",
		nil,
		[]fault.Code{"user_taken", "weak_password"},
	},
	"createSession": {
		"Sign in", "With user and password, or with an assertion of the operator's identity provider, which makes the user on first use. Signing in again on a device replaces its token. An unknown user and a wrong password look alike.",
		nil,
		[]fault.Code{"unauthenticated", "token_expired", "forbidden"},
	},
	"listSessions":      {"List my sign-ins", "One for each device.", nil, nil},
	"endCurrentSession": {"Sign out", "The token ends at once, and so do live connections that came with it (close code 4401).", nil, nil},
	"endSession":        {"Sign out another device", "As signing out, from elsewhere.", nil, nil},
	"getMe":             {"Look at myself", "", nil, nil},
	"changeMe":          {"Change my profile", "What is left out stays.", nil, nil},
	"deleteMe": {
		"Delete my account", "For good, from the answer on: I am signed out everywhere (close code 4401) and to everybody like somebody who never was, but nobody can ever register my user id. " +
			"What I left elsewhere goes within moments: my friendships, moments, likes and comments, what I granted apps, my apps. What I wrote to others stays in their conversations.",
		nil, nil,
	},
	"changePresence": {"Change who sees me", "Who sees whether I am around. What is left out stays.", nil, nil},
	"changePassword": {"Change my password", "All other sign-ins end.", nil, []fault.Code{"weak_password"}},
	"getUser":        {"Look at somebody", "That a user exists is public.", nil, nil},

	"createContactRequest":  {"Ask for friendship", "Asking again changes nothing; asking somebody who has asked me makes us friends at once.", nil, []fault.Code{"not_found", "conflict"}},
	"listContactRequests":   {"List who asks me", "Requests that wait for my answer.", nil, nil},
	"acceptContactRequest":  {"Accept a request", "Both become friends and hear of it.", nil, []fault.Code{"blocked", "conflict"}},
	"declineContactRequest": {"Decline a request", "The other is not told.", nil, nil},
	"listContacts":          {"List my friends", "All of them, or with `since` what changed after that version.", nil, nil},
	"changeContact":         {"Change how I see a friend", "Alias, tags and switches are mine alone. What is left out stays.", nil, nil},
	"removeContact":         {"Remove a friend", "Each is off the other's list. Nobody is told but my own devices. Doing it again changes nothing.", nil, nil},
	"block":                 {"Block somebody", "Neither can write to the other from now on. The other is not told.", nil, nil},
	"unblock":               {"Lift a block", "Doing it again changes nothing.", nil, nil},
	"listBlocks":            {"List whom I block", "", nil, nil},

	"listConversations":  {"List my conversations", "As the WebSocket's sync tells them, without entries. Personal streams come by sync only.", nil, nil},
	"openConversation":   {"Open a direct conversation", "Its id is a function of the two people: this only tells it.", nil, []fault.Code{"not_found", "not_friends", "blocked"}},
	"getConversation":    {"Look at one conversation", "A direct one has a peer, a group has its name, owner, admins and settings.", nil, []fault.Code{"not_member"}},
	"changeConversation": {"Change how I see a conversation", "Mine alone, and the same on all my devices. What is left out stays.", nil, []fault.Code{"not_member"}},
	"listMessages":       {"Read a piece of history", "The newest entries, those before a position, or those after one; always ascending.", nil, []fault.Code{"not_member"}},
	"sendMessage": {
		"Send a message", "Answered when it is durable. The same `message_id` again answers 200 and the same position, however often.",
		[]int{200},
		[]fault.Code{"not_friends", "blocked", "not_member", "muted", "message_id_reused", "stream_closed", "conflict"},
	},
	"readConversation": {"Move my read position", "Forward only, never beyond the last entry. Answers where it is.", nil, []fault.Code{"not_member"}},
	"recallMessage":    {"Take a message back", "Its content is gone for everybody; its place stays. A second time answers as the first.", nil, []fault.Code{"not_member", "recall_expired", "conflict", "stream_closed"}},

	"createGroup":   {"Create a group", "Of friends. Who asks becomes owner.", nil, []fault.Code{"not_friends", "group_full", "not_found"}},
	"changeGroup":   {"Change a group", "By owner and admins. What is left out stays.", nil, []fault.Code{"not_member", "conflict", "stream_closed"}},
	"dissolveGroup": {"Dissolve a group", "By the owner. It can still be read, but no more written.", nil, []fault.Code{"not_member", "conflict", "stream_closed"}},
	"listMembers":   {"List a group's members", "By user id.", nil, []fault.Code{"not_member"}},
	"addMembers":    {"Add members", "Any member may add friends. Who is there already is passed over.", nil, []fault.Code{"not_member", "not_friends", "group_full", "conflict", "stream_closed"}},
	"removeMember":  {"Remove a member, or leave", "Oneself, or whom one leads. When the owner leaves, the next in line becomes owner.", nil, []fault.Code{"not_member", "conflict", "stream_closed"}},
	"changeMember":  {"Change a member", "The owner gives and takes the admin's role; who leads a member mutes them; a nickname is one's own. What is left out stays.", nil, []fault.Code{"not_member", "conflict", "stream_closed"}},
	"transferGroup": {"Make another member the owner", "By the owner.", nil, []fault.Code{"not_member", "conflict", "stream_closed"}},

	"createMoment":    {"Share a moment", "Text, pictures or both. Answered when it is durable; friends find it within moments. Who is no friend cannot be named in the audience.", nil, []fault.Code{"not_friends"}},
	"listMoments":     {"Read my timeline", "My own moments and those of friends that I may see, the newest first. Ask again with `next` as `before` until it is null: what comes and goes meanwhile neither repeats nor hides anything.", nil, nil},
	"listMyMoments":   {"Read my own moments", "All of them, or with `as` what a friend sees on my page, as far as it is up to me.", nil, []fault.Code{"not_found"}},
	"listUserMoments": {"Read somebody's moments", "Those that I may see, the newest first, in pages like those of the timeline.", nil, nil},
	"previewAudience": {"See who is in an audience", "Nothing is posted. What friends have chosen themselves is left out, as always.", nil, []fault.Code{"not_friends"}},
	"getMoment":       {"Look at one moment", "One that I may not see looks like one that does not exist.", nil, nil},
	"changeMoment":    {"Change for whom a moment is", "By its author. It holds at once, everywhere.", nil, []fault.Code{"not_friends", "conflict"}},
	"deleteMoment":    {"Delete a moment", "By its author. It is gone at once, everywhere, with all that was said to it.", nil, []fault.Code{"conflict"}},
	"likeMoment":      {"Like a moment", "Doing it again changes nothing.", nil, []fault.Code{"conflict"}},
	"unlikeMoment":    {"Take a like back", "And with it the notice of it. Doing it again changes nothing.", nil, []fault.Code{"conflict"}},
	"createComment":   {"Comment on a moment", "Seen by its author, my friends and me, as far as they may see the moment; a reply by those who also see whom it answers.", nil, []fault.Code{"conflict"}},
	"deleteComment":   {"Delete a comment", "By who wrote it or the moment's author. Replies to it vanish with it.", nil, []fault.Code{"conflict"}},
	"muteMoment":      {"Hear nothing of a moment", "No notices of it from now on. Doing it again changes nothing.", nil, []fault.Code{"conflict"}},
	"unmuteMoment":    {"Hear of a moment again", "Doing it again changes nothing.", nil, []fault.Code{"conflict"}},
	"explainMoment":   {"See who sees a moment", "For its author: each friend, and the rule that decides. It never tells what a friend has chosen themselves.", nil, nil},

	"getPresence": {"See who is around", "How users are seen by me, each once, in the order asked. Somebody whom I may not know of, or who does not exist, looks like somebody long gone. The WebSocket's `watch` tells changes.", nil, nil},

	"getPushKey": {"The key for browsers", "What `PushManager.subscribe` takes.", nil, nil},
	"putPush": {
		"Have this device woken", "While it has no live session, and as long as it is signed in. It takes the place of what the device had. A browser or phone that was somebody else's is theirs no more.",
		nil, nil,
	},
	"dropPush":           {"Have this device woken no more", "Signing out does the same. Doing it again changes nothing.", nil, nil},
	"getPushSettings":    {"Look at what pushes may show", "For all devices of mine.", nil, nil},
	"changePushSettings": {"Change what pushes may show", "For all devices of mine, from now on. What is left out stays.", nil, nil},

	"uploadMedia": {
		"Upload a file", "Pictures lose what they tell of where and how they were taken; a JPEG thumbnail is made of them. What is no picture, sound or film comes back byte for byte. Nobody else sees it before a message, a moment or a profile shows it, and after a day in which none does it is gone.",
		nil,
		[]fault.Code{"conflict"},
	},
	"getMedia":     {"Download a file", "For its owner, and whoever may see something that shows it. In ranges, too.", []int{206, 304}, []fault.Code{"bad_range"}},
	"getThumbnail": {"Download a thumbnail", "A JPEG of at most 320 pixels a side.", []int{206, 304}, []fault.Code{"bad_range"}},

	"operatorSetTier":     {"Set a developer's tier", "How many people all apps of a developer may reach.", nil, []fault.Code{"conflict"}},
	"operatorCheck":       {"Check the store", "notices: nobody was sent more than they granted, and nothing was lost. audit: the chain is whole. It takes as long as there is to read.", nil, nil},
	"operatorAddUser":     {"Create an account", "", nil, []fault.Code{"user_taken", "weak_password"}},
	"operatorSetPassword": {"Set a password", "All of the user's sign-ins end.", nil, []fault.Code{"weak_password"}},
	"operatorSetRole":     {"Give or take a role", "", nil, nil},
	"operatorSuspend":     {"Suspend somebody", "Live connections close at once (4403).", nil, nil},
	"operatorUnsuspend":   {"Lift a suspension", "", nil, nil},
}

// pathWords are those of the parts of paths.
var pathWords = map[string]string{
	"media":   "A file, as its upload named it.",
	"user":    "A user id.",
	"from":    "The user who asks.",
	"session": "A sign-in, as the list names it.",
	"stream":  "A conversation.",
	"seq":     "The position of a message.",
	"post":    "A moment.",
	"comment": "A comment under it.",

	"app":      "An app's id.",
	"notice":   "A notice, as it is called where it was told.",
	"grant":    "A grant, as the list names it.",
	"consent":  "A sheet.",
	"template": "A template.",
	"delivery": "An event, as the list names it.",
	"secret":   "A secret, as the list names it.",
	"case":     "A case.",
}

// memberWords are those of members that have none where they are declared, such
// as all that package wire tells.
var memberWords = together(peopleMembers, appMembers)

var peopleMembers = map[string]string{
	"NewSession.user":     "With password.",
	"NewSession.password": "With user.",

	"SignedIn.user":       "Whose token it is.",
	"SignedIn.session":    "Names the sign-in.",
	"SignedIn.expires_at": "When it ends if it is not used.",
	"SignIn.session":      "Names the sign-in.",
	"SignIn.device":       "As told at the sign-in.",
	"SignIn.created_at":   "When the device signed in.",

	"Profile.user":         "The user id.",
	"Profile.display_name": "What others see.",
	"Me.user":              "The user id.",
	"Me.display_name":      "What others see.",
	"Me.created_at":        "When the account was made.",

	"PasswordChange.old":   "The password so far.",
	"PasswordChange.new":   "The password from now on.",
	"NewPassword.password": "The password from now on.",
	"RoleChange.role":      "none takes it.",

	"NewContactRequest.greeting": "Shown with the request.",
	"ContactRequested.to":        "The user who is asked.",
	"ContactRequested.state":     "friends: you are, from now or already.",
	"ContactRequest.from":        "The user who asks.",
	"ContactRequest.greeting":    "What they say to it.",
	"ContactRequest.at":          "When they asked.",
	"ContactChange.tags":         "Replaces all of them.",
	"ContactChange.starred":      "Show them first.",

	"ContactItem.user":               "The user id.",
	"ContactItem.display_name":       "What others see.",
	"ContactItem.alias":              "What I call them; empty for nothing.",
	"ContactItem.tags":               "Mine alone.",
	"ContactItem.starred":            "Shown first.",
	"ContactItem.chat_only":          "Neither sees the other's moments.",
	"ContactItem.hide_my_moments":    "They do not see mine.",
	"ContactItem.hide_their_moments": "I do not see theirs.",
	"ContactItem.since":              "Since when you are friends.",
	"Blocked.user":                   "The user id.",
	"Blocked.at":                     "Since when.",

	"ConversationOpened.stream": "The conversation's id.",
	"Sent.stream":               "Where the message is.",
	"Sent.seq":                  "Its position there.",
	"Sent.count":                "How many countable entries there are up to and with it.",
	"Sent.at":                   "When the server took it.",
	"Position.seq":              "How far you have read.",
	"Position.unread":           "How many messages of others come after.",

	"Entry.stream": "Where it stands.",
	"Entry.seq":    "Its position: 1, 2, 3 … without holes.",
	"Entry.count":  "How many countable entries there are up to and with it.",
	"Entry.id":     "Chosen by its sender.",
	"Entry.kind":   "What the body is. Show a kind you do not know as unsupported.",
	"Entry.from":   "A user, or an app.",
	"Entry.at":     "When the server took it. For display: seq is the order.",
	"Entry.body":   "As the kind says; empty once recalled or removed.",

	"Stream.stream":    "Its id.",
	"Stream.kind":      "direct, group or personal.",
	"Stream.head":      "The last position.",
	"Stream.count":     "How many countable entries there are.",
	"Stream.unread":    "How many you have not read.",
	"Stream.read_seq":  "How far you have read.",
	"Stream.floor_seq": "You may read what comes after it.",
	"Stream.muted":     "You do not want to be disturbed by it.",
	"Stream.pinned":    "You want it first.",
	"Stream.title":     "What to call it.",
	"Stream.peer":      "The other one of a direct conversation.",
	"Stream.group":     "Of a group.",
	"Stream.last":      "The last entry you may read; null if there is none.",
	"Stream.entries":   "Not in this list; the WebSocket's sync has it.",
	"Stream.limited":   "Entries were left out; read them as history.",
	"Stream.left":      "You are no more in it.",

	"Conversation.stream":       "Its id.",
	"Conversation.kind":         "What it is.",
	"Conversation.title":        "What to call it.",
	"Conversation.peer":         "The other one of a direct conversation.",
	"Conversation.name":         "Of a group.",
	"Conversation.owner":        "Of a group: a user id.",
	"Conversation.admins":       "Of a group: user ids.",
	"Conversation.member_count": "Of a group.",
	"Conversation.my_role":      "Of a group: owner, admin, member, or empty for somebody who has left.",
	"Conversation.settings":     "Of a group.",
	"Conversation.muted":        "You do not want to be disturbed by it.",
	"Conversation.pinned":       "You want it first.",
	"Conversation.hidden":       "It is left out of the list until something new is in it.",

	"Group.stream":            "Its id.",
	"Group.name":              "What it is called.",
	"Group.owner":             "A user id.",
	"Group.admins":            "User ids.",
	"Group.member_count":      "How many people are in it.",
	"Group.my_role":           "owner, admin, member, or empty for somebody who has left.",
	"Group.settings":          "What holds for all.",
	"GroupSettings.mute_all":  "Only owner and admins may write.",
	"GroupSettings.dissolved": "It can be read but no more written.",
	"NewGroup.name":           "What to call it.",
	"GroupChange.name":        "What to call it.",

	"Member.user":         "The user id.",
	"Member.display_name": "What others see.",
	"Member.role":         "owner, admin or member.",
	"Member.nickname":     "The member's own name in this group.",
	"Member.muted_until":  "Until when the member may not write.",
	"Member.joined_at":    "When the member came, the last time.",

	"LocationBody.lat":  "Degrees north.",
	"LocationBody.lng":  "Degrees east.",
	"LocationBody.name": "What the place is called.",

	"Presence.user":      "Who it is.",
	"Presence.state":     "online, away or offline.",
	"Presence.last_seen": "When they were last there, of somebody offline; left out if it is not known, or not told.",
	"Presence.text":      "What they say beside it.",
	"Seen.items":         "How users are seen.",

	"FieldError.pointer": "Where in the body (RFC 6901).",
	"FieldError.detail":  "What was wrong there.",
}

// A codeWord explains a code.
type codeWord struct {
	code  fault.Code
	words string
}

// codeWords explain the codes, in the order of the documents.
var codeWords = append([]codeWord{
	{"bad_request", "The request cannot be understood, or asks for what can never be. `errors` says where, if that can be told."},
	{"unknown_field", "The body has a member that is not known."},
	{"too_large", "A text, a list or the whole body is larger than allowed."},
	{"method_not_allowed", "The path is right, the method is not; `Allow` says which are."},
	{"unsupported_media_type", "The body is not `application/json` in UTF-8; of an upload: no form."},
	{"bad_range", "The range does not lie in the file; `Content-Range` says how long that is."},
	{"unauthenticated", "There is no token, or it is none. Sign in."},
	{"token_expired", "The sign-in has expired. Sign in again."},
	{"forbidden", "You may not do this, or your account is suspended."},
	{"wrong_principal", "This is not open to that kind of token."},
	{"not_found", "There is no such thing, or none that you may know of."},
	{"conflict", "Somebody else changed it at the same time, or it is not in a state for this. Look again."},
	{"rate_limited", "Too many requests. `Retry-After` says when to go on."},
	{"unavailable", "The server cannot do this right now. Nothing is lost by trying again."},
	{"internal", "A mistake of the server. Its log has the `trace_id`."},
	{"not_friends", "You are not friends; `errors` says who, if several are meant."},
	{"blocked", "One of you blocks the other."},
	{"not_member", "You are not in this conversation any more."},
	{"muted", "You may not write here at the moment."},
	{"group_full", "The group has as many members as it can."},
	{"recall_expired", "It is too late to take this message back."},
	{"message_id_reused", "This `message_id` belongs to another message."},
	{"stream_closed", "The group was dissolved."},
	{"user_taken", "The user id is taken."},
	{"weak_password", "The password is shorter than 8 characters, or is the user id."},
}, appCodes...)
