package sandbox

import "github.com/teahouse-im/teahouse/fault"

// The gates, in the order in which a request passes them.
const (
	gateRoute = iota
	gateForm
	gateHandle
	gateKey
	gateApp
	gateTemplate
	gateParams
	gateContent
	gateGrant
	gateShape
	gateReach
)

var gates = []string{
	"Token and route", "Form", "Handle", "Same request before", "App", "Template", "Params and page", "Content", "Grant is alive", "Broadcast shape", "Reach", "Spend",
}

// An explanation is a refusal in words for the developer who met it.
type explanation struct {
	gate    int
	why, do string
}

func explain(code fault.Code) explanation {
	if e, ok := explanations[code]; ok {
		return e
	}
	return explanation{gateRoute, "The server refused it before the gate looked at it.", "See the code in the protocol."}
}

var explanations = map[fault.Code]explanation{
	"wrong_principal":        {gateRoute, "An app's token opens the routes of apps' servers, and nothing else: no list of people, no conversation, no route of a user's.", "Use the routes below /v1/app/. What the user does, only the user's client can do."},
	"rate_limited":           {gateRoute, "The app sends more requests in a second than the server takes.", "Slow down, and try again after the time that the answer names."},
	"unsupported_media_type": {gateRoute, "The body is not sent as JSON.", "Set Content-Type to application/json."},

	"bad_request":            {gateForm, "The body is not one JSON object of the expected form, or names something twice.", "Send exactly one object, each member once, all values as strings."},
	"unknown_field":          {gateForm, "The body has a member that is not known. The gate ignores nothing, so that nothing can be smuggled past it.", "Take the member out."},
	"too_large":              {gateForm, "A notice is at most 4 KiB, an answer 16 KiB.", "Say less; link to a page of yours with page."},
	"recipient_not_accepted": {gateForm, "The request says who should get the notice. An app cannot choose that: the grant belongs to one user, and the notice goes there.", "Take the member out. To reach somebody else, you need a grant of theirs."},
	"idempotency_required":   {gateForm, "Without a key, a retry after a lost answer could send twice.", "Give each notice a key of its own, such as the order's number and its state."},

	"grant_invalid": {gateHandle, "This handle is none of this app's: it was changed, belongs to another app, or its user is gone. These all look alike on purpose.", "Use the handle as the webhook or GET /v1/app/grants gave it. Otherwise ask the user again."},

	"idempotency_mismatch": {gateKey, "The key was used for another request to the same user.", "Repeat the earlier request unchanged, or use a new key for a new notice."},
	"busy_retry":           {gateKey, "The answer of the store was lost, so it is not known yet whether it was sent.", "Send the very same again, with the same key. It cannot send twice."},

	"app_suspended": {gateApp, "A moderator, or the gate itself, has suspended the app or its notices.", "Wait for the moderator's decision on the case."},

	"template_unknown":        {gateTemplate, "This app has no such template.", "Use the id that POST /v1/app/templates answered."},
	"template_paused":         {gateTemplate, "The template is paused: too much of it was held or reported, or a moderator did it.", "Wait until it is lifted. Pauses become longer, and the third disables the template."},
	"template_scope_denied":   {gateTemplate, "This category may not have standing templates.", "Use scope once or progress."},
	"grant_template_mismatch": {gateTemplate, "The user allowed another template, version or kind of message than this.", "Send what the grant is for: its template stands in the webhook."},

	"param_invalid": {gateParams, "A param is missing, unknown, not of its type, or has characters that hide something.", "Compare data with the template's params. Every value is {type: text}."},
	"param_locked":  {gateParams, "A locked value was shown to the user on the sheet, and this is another one.", "Leave locked params out, or repeat them unchanged."},
	"page_invalid":  {gateParams, "The page is not the template's page_pattern with a query of at most 256 bytes.", "Send the pattern itself; put what changes into the query."},

	"content_blocked": {gateContent, "The text has an address, a number to call, a handle, or words of an advert: what no notice may have.", "Say what happened to the user's matter and nothing else."},

	"grant_consumed":      {gateGrant, "All uses of this grant are spent. One consent is one message.", "Ask the user again when there is something new to tell."},
	"grant_expired":       {gateGrant, "The grant has run out. Consent does not pile up.", "Ask the user again."},
	"grant_closed":        {gateGrant, "The user stopped it, muted the app or is not to be reached any more; or the matter has come to its end. Which one is not told.", "Do not send. The user may allow it again on your page."},
	"grant_not_activated": {gateGrant, "The first notice of a progress grant has to come within five minutes, so that follows are not hoarded.", "Send the first state at once."},
	"state_illegal":       {gateParams, "The template has no step from the last state to this one, or the state is missing.", "Follow the edges of the template. They lead forward only."},
	"cadence":             {gateGrant, "The standing grant has had its notices for this day, week or month.", "Wait for the next one."},
	"window_closed":       {gateGrant, "The window is closed: 48 hours are over, or the user ended it.", "Answer when the user writes again."},
	"window_spent":        {gateGrant, "Five answers to one message are the most.", "Wait until the user writes: that opens the window anew."},

	"broadcast_shape": {gateShape, "The same content goes to many people, and more of it is refused now. That is a broadcast, whatever it is called.", "Tell each user what concerns their own matter. Mass events that users chose share a subject: see subject_size."},
	"app_reach_limit": {gateReach, "All apps of this developer together have reached as many people as they may in 24 hours.", "Wait, or ask the operator for a higher tier."},
}

// explainHeld says why a notice is held, by the reason that moderators see.
func explainHeld(reason string) explanation {
	const do = "The use is spent, and the app is answered as if it were on its way. Nothing is to be repeated."
	switch reason {
	case "pace":
		return explanation{gateShape, "The template is new. Its first fifty users got theirs at once; those after wait until half an hour after the first.", do}
	case "hoard":
		return explanation{gateShape, "Many grants that are older than a day are redeemed at once, which looks like a hoard. A moderator decides.", do}
	}
	return explanation{gateShape, "The same content has gone to many people in a short time, which looks like a broadcast. A moderator decides.", do}
}
