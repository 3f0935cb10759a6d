package api

import "reflect"

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
	{"DELETE", "/v1/me", session, "deleteMe", answers(204, (*server).deleteMe)},
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

	// Push
	{"GET", "/v1/push/key", session, "getPushKey", answers(200, (*server).getPushKey)},
	{"PUT", "/v1/me/push", session, "putPush", answers(204, (*server).putPush)},
	{"DELETE", "/v1/me/push", session, "dropPush", answers(204, (*server).dropPush)},
	{"GET", "/v1/me/push/settings", session, "getPushSettings", answers(200, (*server).getPushSettings)},
	{"PATCH", "/v1/me/push/settings", session, "changePushSettings", answers(200, (*server).changePushSettings)},

	// Media
	{"POST", "/v1/media", session, "uploadMedia", receives(201, (*server).uploadMedia, format{formType, reflect.TypeFor[newUpload]()})},
	{"GET", "/v1/media/{media}", session, "getMedia", sends((*server).getMedia, "*/*")},
	{"GET", "/v1/media/{media}/thumbnail", session, "getThumbnail", sends((*server).getThumbnail, "image/jpeg")},

	// Mini-programs
	{"GET", "/v1/mini-programs", session, "findMiniPrograms", answers(200, (*server).findMiniPrograms, programQuery, pageLimit, pageCursor)},
	{"GET", "/v1/mini-programs/{app}", session, "getMiniProgram", answers(200, (*server).getMiniProgram)},
	{"PUT", "/v1/mini-programs/{app}/follow", session, "followMiniProgram", answers(204, (*server).followMiniProgram)},
	{"DELETE", "/v1/mini-programs/{app}/follow", session, "unfollowMiniProgram", answers(204, (*server).unfollowMiniProgram)},
	{"PUT", "/v1/mini-programs/{app}/mute", session, "muteMiniProgram", answers(204, (*server).muteMiniProgram)},
	{"DELETE", "/v1/mini-programs/{app}/mute", session, "unmuteMiniProgram", answers(204, (*server).unmuteMiniProgram)},
	{"POST", "/v1/mini-programs/{app}/login-codes", session, "createLoginCode", answers(201, (*server).createLoginCode)},
	{"POST", "/v1/mini-programs/{app}/openid/reset", session, "resetOpenID", answers(204, (*server).resetOpenID)},
	{"POST", "/v1/activations", session, "createActivation", answers(201, (*server).createActivation)},
	{"POST", "/v1/consents", session, "createConsent", answers(201, (*server).createConsent)},
	{"POST", "/v1/consents/{consent}/decision", session, "decideConsent", answers(200, (*server).decideConsent)},
	{"GET", "/v1/me/grants", session, "listMyGrants", answers(200, (*server).listMyGrants, pageLimit, pageCursor)},
	{"DELETE", "/v1/me/grants/{grant}", session, "revokeGrant", answers(204, (*server).revokeGrant)},
	{"GET", "/v1/me/notices", session, "listMyNotices", answers(200, (*server).listMyNotices, pageLimit, pageCursor)},
	{"GET", "/v1/me/notices/{notice}/why", session, "explainNotice", answers(200, (*server).explainNotice)},
	{"POST", "/v1/me/notices/{notice}/stop", session, "stopNotice", answers(204, (*server).stopNotice)},
	{"POST", "/v1/me/notices/{notice}/report", session, "reportNotice", answers(204, (*server).reportNotice)},

	// App servers: nothing else answers an app's token
	{"POST", "/v1/app/token", public, "createAppToken", receives(200, (*server).createAppToken, format{urlType, reflect.TypeFor[tokenRequest]()})},
	{"POST", "/v1/app/login", app, "loginToApp", answers(200, (*server).loginToApp)},
	{"GET", "/v1/app/grants", app, "listHandedGrants", answers(200, (*server).listHanded, handedAfter, pageLimit)},
	{"POST", "/v1/app/notices", app, "sendNotice", hands[newNotice](201, noticeMost, (*server).sendNotice)},
	{"GET", "/v1/app/notices/{notice}", app, "getSentNotice", answers(200, (*server).getSentNotice)},
	{"POST", "/v1/app/replies", app, "sendReply", hands[newReply](201, replyMost, (*server).sendReply)},
	{"POST", "/v1/app/templates", app, "submitTemplate", answers(201, (*server).submitTemplate)},
	{"GET", "/v1/app/templates", app, "listTemplates", answers(200, (*server).listTemplates, pageLimit, pageCursor)},
	{"GET", "/v1/app/templates/{template}", app, "getTemplate", answers(200, (*server).getTemplate)},
	{"GET", "/v1/app/webhook", app, "getWebhook", answers(200, (*server).getWebhook)},
	{"PUT", "/v1/app/webhook", app, "putWebhook", answers(200, (*server).putWebhook)},
	{"GET", "/v1/app/webhook/deliveries", app, "listDeliveries", answers(200, (*server).listDeliveries, pageLimit, pageCursor)},
	{"POST", "/v1/app/webhook/deliveries/{delivery}/replay", app, "replayDelivery", answers(202, (*server).replayDelivery)},
	{"GET", "/v1/app/stats", app, "getStats", answers(200, (*server).getStats)},

	// Developers
	{"POST", "/v1/developer/apps", session, "createApp", answers(201, (*server).createApp)},
	{"GET", "/v1/developer/apps", session, "listMyApps", answers(200, (*server).listMyApps, pageLimit, pageCursor)},
	{"POST", "/v1/developer/apps/{app}/secrets", session, "createSecret", answers(201, (*server).createSecret)},
	{"GET", "/v1/developer/apps/{app}/secrets", session, "listSecrets", answers(200, (*server).listSecrets)},
	{"DELETE", "/v1/developer/apps/{app}/secrets/{secret}", session, "dropSecret", answers(204, (*server).dropSecret)},
	{"PUT", "/v1/developer/apps/{app}/package", session, "putPackage", receives(204, (*server).putPackage,
		format{zipType, nil}, format{bytesType, nil}, format{formType, reflect.TypeFor[newPackage]()})},

	// Moderation
	{"GET", "/v1/moderation/cases", moderator, "listCases", answers(200, (*server).listCases, caseState, caseKind, pageLimit, pageCursor)},
	{"GET", "/v1/moderation/cases/{case}", moderator, "getCase", answers(200, (*server).getCase)},
	{"POST", "/v1/moderation/cases/{case}/claim", moderator, "claimCase", answers(200, (*server).claimCase)},
	{"POST", "/v1/moderation/cases/{case}/decision", moderator, "decideCase", answers(200, (*server).decideCase)},
	{"POST", "/v1/moderation/actions", moderator, "createAction", answers(201, (*server).createAction)},
	{"GET", "/v1/moderation/templates", moderator, "listReviews", answers(200, (*server).listReviews, pageLimit, pageCursor)},
	{"POST", "/v1/moderation/templates/{template}/review", moderator, "reviewTemplate", answers(200, (*server).reviewTemplate)},
	{"GET", "/v1/moderation/held", moderator, "listHeld", answers(200, (*server).listHeld, pageLimit, pageCursor)},
	{"GET", "/v1/moderation/audit", auditor, "listAudit", answers(200, (*server).listAudit, auditActor, auditAction, auditKind, auditSubject, pageLimit, pageCursor)},

	// Operation
	{"POST", "/operator/users", operator, "operatorAddUser", answers(201, (*server).operatorAddUser)},
	{"POST", "/operator/users/{user}/password", operator, "operatorSetPassword", answers(204, (*server).operatorSetPassword)},
	{"POST", "/operator/users/{user}/role", operator, "operatorSetRole", answers(204, (*server).operatorSetRole)},
	{"POST", "/operator/users/{user}/suspend", operator, "operatorSuspend", answers(204, (*server).operatorSuspend)},
	{"POST", "/operator/users/{user}/unsuspend", operator, "operatorUnsuspend", answers(204, (*server).operatorUnsuspend)},
	{"POST", "/operator/developers/{user}/tier", operator, "operatorSetTier", answers(204, (*server).operatorSetTier)},
	{"POST", "/operator/check/{what}", operator, "operatorCheck", answers(200, (*server).operatorCheck)},
}
