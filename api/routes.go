package api

// routes are all operations, in the order of the documents.
var routes = []route{
	// Accounts
	{"POST", "/v1/accounts", public, "createAccount", answers(201, (*server).createAccount)},
	{"POST", "/v1/sessions", public, "createSession", answers(201, (*server).createSession)},
	{"GET", "/v1/sessions", session, "listSessions", answers(200, (*server).listSessions, pageLimit, pageCursor)},
	{"DELETE", "/v1/sessions/current", session, "endCurrentSession", answers(204, (*server).endCurrentSession)},
	{"DELETE", "/v1/sessions/{session}", session, "endSession", answers(204, (*server).endSession)},
	{"GET", "/v1/me", session, "getMe", answers(200, (*server).getMe)},
	{"PATCH", "/v1/me", session, "changeMe", answers(200, (*server).changeMe)},
	{"PUT", "/v1/me/presence", session, "changePresence", answers(204, (*server).changePresence)},
	{"POST", "/v1/me/password", session, "changePassword", answers(204, (*server).changePassword)},
	{"GET", "/v1/users/{user}", session, "getUser", answers(200, (*server).getUser)},

	// Contacts
	{"POST", "/v1/contact-requests", session, "createContactRequest", answers(202, (*server).createContactRequest)},
	{"GET", "/v1/contact-requests", session, "listContactRequests", answers(200, (*server).listContactRequests, pageLimit, pageCursor)},
	{"POST", "/v1/contact-requests/{from}/accept", session, "acceptContactRequest", answers(204, (*server).acceptContactRequest)},
	{"POST", "/v1/contact-requests/{from}/decline", session, "declineContactRequest", answers(204, (*server).declineContactRequest)},
	{"GET", "/v1/contacts", session, "listContacts", answers(200, (*server).listContacts, since)},
	{"PATCH", "/v1/contacts/{user}", session, "changeContact", answers(200, (*server).changeContact)},
	{"DELETE", "/v1/contacts/{user}", session, "removeContact", answers(204, (*server).removeContact)},
	{"PUT", "/v1/blocks/{user}", session, "block", answers(204, (*server).block)},
	{"DELETE", "/v1/blocks/{user}", session, "unblock", answers(204, (*server).unblock)},
	{"GET", "/v1/blocks", session, "listBlocks", answers(200, (*server).listBlocks, pageLimit, pageCursor)},

	// Conversations
	{"GET", "/v1/conversations", session, "listConversations", answers(200, (*server).listConversations, pageLimit, pageCursor)},
	{"POST", "/v1/conversations", session, "openConversation", answers(200, (*server).openConversation)},
	{"GET", "/v1/conversations/{stream}", session, "getConversation", answers(200, (*server).getConversation)},
	{"PATCH", "/v1/conversations/{stream}", session, "changeConversation", answers(200, (*server).changeConversation)},
	{"GET", "/v1/conversations/{stream}/messages", session, "listMessages", answers(200, (*server).listMessages, before, after, entryLimit)},
	{"POST", "/v1/conversations/{stream}/messages", session, "sendMessage", answers(201, (*server).sendMessage)},
	{"PUT", "/v1/conversations/{stream}/read", session, "readConversation", answers(200, (*server).readConversation)},
	{"POST", "/v1/conversations/{stream}/messages/{seq}/recall", session, "recallMessage", answers(200, (*server).recallMessage)},

	// Groups
	{"POST", "/v1/groups", session, "createGroup", answers(201, (*server).createGroup)},
	{"PATCH", "/v1/groups/{stream}", session, "changeGroup", answers(200, (*server).changeGroup)},
	{"DELETE", "/v1/groups/{stream}", session, "dissolveGroup", answers(204, (*server).dissolveGroup)},
	{"GET", "/v1/groups/{stream}/members", session, "listMembers", answers(200, (*server).listMembers, pageLimit, pageCursor)},
	{"POST", "/v1/groups/{stream}/members", session, "addMembers", answers(200, (*server).addMembers)},
	{"DELETE", "/v1/groups/{stream}/members/{user}", session, "removeMember", answers(204, (*server).removeMember)},
	{"PUT", "/v1/groups/{stream}/members/{user}", session, "changeMember", answers(204, (*server).changeMember)},
	{"POST", "/v1/groups/{stream}/transfer", session, "transferGroup", answers(204, (*server).transferGroup)},

	// Moments
	{"POST", "/v1/moments", session, "createMoment", answers(201, (*server).createMoment)},
	{"GET", "/v1/moments", session, "listMoments", answers(200, (*server).listMoments, pageLimit, momentBefore)},
	{"GET", "/v1/users/me/moments", session, "listMyMoments", answers(200, (*server).listMyMoments, pageLimit, momentBefore, momentsAs)},
	{"GET", "/v1/users/{user}/moments", session, "listUserMoments", answers(200, (*server).listUserMoments, pageLimit, momentBefore)},
	{"POST", "/v1/moments/audience-preview", session, "previewAudience", answers(200, (*server).previewAudience)},
	{"GET", "/v1/moments/{post}", session, "getMoment", answers(200, (*server).getMoment, momentLimit)},
	{"PATCH", "/v1/moments/{post}", session, "changeMoment", answers(200, (*server).changeMoment)},
	{"DELETE", "/v1/moments/{post}", session, "deleteMoment", answers(204, (*server).deleteMoment)},
	{"PUT", "/v1/moments/{post}/like", session, "likeMoment", answers(204, (*server).likeMoment)},
	{"DELETE", "/v1/moments/{post}/like", session, "unlikeMoment", answers(204, (*server).unlikeMoment)},
	{"POST", "/v1/moments/{post}/comments", session, "createComment", answers(201, (*server).createComment)},
	{"DELETE", "/v1/moments/{post}/comments/{comment}", session, "deleteComment", answers(204, (*server).deleteComment)},
	{"PUT", "/v1/moments/{post}/mute", session, "muteMoment", answers(204, (*server).muteMoment)},
	{"DELETE", "/v1/moments/{post}/mute", session, "unmuteMoment", answers(204, (*server).unmuteMoment)},
	{"GET", "/v1/moments/{post}/why", session, "explainMoment", answers(200, (*server).explainMoment, pageLimit, pageCursor)},

	// Presence
	{"GET", "/v1/presence", session, "getPresence", answers(200, (*server).getPresence, presenceUsers)},

	// Media
	{"POST", "/v1/media", session, "uploadMedia", receives(201, (*server).uploadMedia)},
	{"GET", "/v1/media/{media}", session, "getMedia", sends((*server).getMedia, "*/*")},
	{"GET", "/v1/media/{media}/thumbnail", session, "getThumbnail", sends((*server).getThumbnail, "image/jpeg")},

	// Operation
	{"POST", "/operator/users", operator, "operatorAddUser", answers(201, (*server).operatorAddUser)},
	{"POST", "/operator/users/{user}/password", operator, "operatorSetPassword", answers(204, (*server).operatorSetPassword)},
	{"POST", "/operator/users/{user}/role", operator, "operatorSetRole", answers(204, (*server).operatorSetRole)},
	{"POST", "/operator/users/{user}/suspend", operator, "operatorSuspend", answers(204, (*server).operatorSuspend)},
	{"POST", "/operator/users/{user}/unsuspend", operator, "operatorUnsuspend", answers(204, (*server).operatorUnsuspend)},
}
