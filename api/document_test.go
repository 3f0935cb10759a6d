package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// expected says of every operation who may call it, and with what body it is
// worth calling. An operation that is not here, here and no operation, or here
// and not in the document fails the tests.
var expected = map[string]struct {
	who  principal
	body string // a good one; "" for an operation that needs none
}{
	"createAccount":     {public, `{"user":"zoe","password":"correct horse battery","display_name":"Zoe"}`},
	"createSession":     {public, `{"user":"zoe","password":"correct horse battery","device":"d"}`},
	"listSessions":      {session, ""},
	"endCurrentSession": {session, ""},
	"endSession":        {session, ""},
	"getMe":             {session, ""},
	"changeMe":          {session, `{"display_name":"Zoe","moments_look_back":"3d"}`},
	"deleteMe":          {session, ""},
	"changePresence":    {session, `{"visible_to":"nobody"}`},
	"changePassword":    {session, `{"old":"correct horse battery","new":"correct horse battery"}`},
	"getUser":           {session, ""},

	"createContactRequest":  {session, `{"to":"zoe","greeting":"hi"}`},
	"listContactRequests":   {session, ""},
	"acceptContactRequest":  {session, ""},
	"declineContactRequest": {session, ""},
	"listContacts":          {session, ""},
	"changeContact":         {session, `{"alias":"Z","tags":["kin"],"starred":true,"chat_only":true,"hide_my_moments":true,"hide_their_moments":true}`},
	"removeContact":         {session, ""},
	"block":                 {session, ""},
	"unblock":               {session, ""},
	"listBlocks":            {session, ""},

	"listConversations":  {session, ""},
	"openConversation":   {session, `{"with":"zoe"}`},
	"getConversation":    {session, ""},
	"changeConversation": {session, `{"muted":true,"pinned":true,"hidden":true}`},
	"listMessages":       {session, ""},
	"sendMessage":        {session, `{"message_id":"0198c000-0000-7000-8000-000000000001","kind":"text","body":{"text":"hi"}}`},
	"readConversation":   {session, `{"seq":1}`},
	"recallMessage":      {session, ""},

	"createGroup":   {session, `{"name":"Tea","members":["zoe"]}`},
	"changeGroup":   {session, `{"name":"Tea","mute_all":true}`},
	"dissolveGroup": {session, ""},
	"listMembers":   {session, ""},
	"addMembers":    {session, `{"users":["zoe"]}`},
	"removeMember":  {session, ""},
	"changeMember":  {session, `{"role":"admin","muted_until":"2026-01-01T00:00:00.000Z","nickname":"Z"}`},
	"transferGroup": {session, `{"to":"zoe"}`},

	"createMoment": {session, `{"text":"first flush","media":[],"audience":{"kind":"only","users":["zoe"],"tags":["tea"],"mode":"snapshot"},` +
		`"mentions":["zoe"],"location":{"lat":30.2,"lng":120.1,"name":"Hangzhou"}}`},
	"listMoments":     {session, ""},
	"listMyMoments":   {session, ""},
	"listUserMoments": {session, ""},
	"previewAudience": {session, `{"audience":{"kind":"friends"}}`},
	"getMoment":       {session, ""},
	"changeMoment":    {session, `{"audience":{"kind":"private"}}`},
	"deleteMoment":    {session, ""},
	"likeMoment":      {session, ""},
	"unlikeMoment":    {session, ""},
	"createComment":   {session, `{"text":"lovely","reply_to":"c-0198c000-0000-7000-8000-000000000001"}`},
	"deleteComment":   {session, ""},
	"muteMoment":      {session, ""},
	"unmuteMoment":    {session, ""},
	"explainMoment":   {session, ""},

	"getPresence": {session, ""},

	"getPushKey": {session, ""},
	"putPush": {session, `{"kind":"web","endpoint":"https://push.example.com/abc",` +
		`"keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}`},
	"dropPush":           {session, ""},
	"getPushSettings":    {session, ""},
	"changePushSettings": {session, `{"show":"sender","quiet":{"from":1380,"to":420,"zone":"Europe/Berlin"}}`},

	"uploadMedia":  {session, ""},
	"getMedia":     {session, ""},
	"getThumbnail": {session, ""},

	"findMiniPrograms":    {session, ""},
	"getMiniProgram":      {session, ""},
	"followMiniProgram":   {session, ""},
	"unfollowMiniProgram": {session, ""},
	"muteMiniProgram":     {session, ""},
	"unmuteMiniProgram":   {session, ""},
	"createLoginCode":     {session, ""},
	"resetOpenID":         {session, ""},
	"createActivation":    {session, `{"app":"app-aaaaaaaaaaaaaaaaaaaaaaaaaa","kind":"tap","page":"/queue"}`},
	"createConsent": {session, `{"app":"app-aaaaaaaaaaaaaaaaaaaaaaaaaa","activation":"tap-aaaaaaaaaaaaaaaaaaaaaaaaaa",` +
		`"items":[{"template":"t-aaaaaaaaaaaaaaaaaaaaaaaaaa","subject":"A17","locked":{"order":{"code":"A17"}}}]}`},
	"decideConsent": {session, `{"items":[{"item":"1","decision":"accept"}],"dont_ask_again":true}`},
	"listMyGrants":  {session, ""},
	"revokeGrant":   {session, ""},
	"listMyNotices": {session, ""},
	"explainNotice": {session, ""},
	"stopNotice":    {session, ""},
	"reportNotice":  {session, `{"reason":"spam"}`},

	"createAppToken":   {public, ""},
	"loginToApp":       {app, `{"code":"none"}`},
	"listHandedGrants": {app, ""},
	"sendNotice": {app, `{"grant":"gh1_none","template":"t-aaaaaaaaaaaaaaaaaaaaaaaaaa","data":{"status":{"enum":"called"}},` +
		`"page":"/queue?no=17","idempotency_key":"A17","state":"ordered"}`},
	"getSentNotice": {app, ""},
	"sendReply":     {app, `{"window":"gh1_none","kind":"text","body":{"text":"hello"},"idempotency_key":"A17"}`},
	"submitTemplate": {app, `{"title":"Your table","category":"food","scope":"progress",` +
		`"params":[{"key":"order","label":"Order","type":"code","role":"locked","max":8},{"key":"step","label":"Step","type":"enum","role":"free","values":["now","soon"]}],` +
		`"page_pattern":"/queue","states":["ordered","ready"],"edges":[{"from":"ordered","to":"ready","alert":true}],"expires_days":2,"subject_size":1}`},
	"listTemplates":  {app, ""},
	"getTemplate":    {app, ""},
	"getWebhook":     {app, ""},
	"putWebhook":     {app, `{"url":"https://example.com/hook"}`},
	"listDeliveries": {app, ""},
	"replayDelivery": {app, ""},
	"getStats":       {app, ""},

	"createApp":    {session, `{"name":"Noodles","category":"food","summary":"Tables and rides"}`},
	"listMyApps":   {session, ""},
	"createSecret": {session, ""},
	"listSecrets":  {session, ""},
	"dropSecret":   {session, ""},
	"putPackage":   {session, ""},

	"listCases":      {moderator, ""},
	"getCase":        {moderator, ""},
	"claimCase":      {moderator, ""},
	"decideCase":     {moderator, `{"decision":"no_action","reason":"spam","note":"looked at it","hours":24,"held":"release"}`},
	"createAction":   {moderator, `{"action":"suspend_app","subject":{"kind":"app","id":"app-aaaaaaaaaaaaaaaaaaaaaaaaaa"},"reason":"spam","hours":24}`},
	"listReviews":    {moderator, ""},
	"reviewTemplate": {moderator, `{"version":1,"decision":"approve","reason":"looked at it"}`},
	"listHeld":       {moderator, ""},
	"listAudit":      {auditor, ""},

	"operatorSetTier":     {operator, `{"tier":1}`},
	"operatorCheck":       {operator, ``},
	"operatorAddUser":     {operator, `{"user":"zoe","password":"correct horse battery","display_name":"Zoe"}`},
	"operatorSetPassword": {operator, `{"password":"correct horse battery"}`},
	"operatorSetRole":     {operator, `{"role":"moderator"}`},
	"operatorSuspend":     {operator, `{"reason":"spam","for_s":60}`},
	"operatorUnsuspend":   {operator, ""},
}

func TestEveryRouteIsExpectedAndDescribed(t *testing.T) {
	h := open(t)
	seen := map[string]bool{}
	for _, rt := range routes {
		want, ok := expected[rt.id]
		if !ok || want.who != rt.who {
			t.Errorf("%s %s (%s) is for %s, and expected is %q", rt.method, rt.path, rt.id, rt.who, want.who)
		}
		if seen[rt.id] {
			t.Errorf("two operations are called %s", rt.id)
		}
		seen[rt.id] = true
		if words[rt.id].summary == "" {
			t.Errorf("%s has no words", rt.id)
		}
		if (rt.does.in != nil) != (want.body != "") {
			t.Errorf("%s: a body is expected: %v", rt.id, want.body != "")
		}
		op := h.contract.operation(rt.method, rt.path)
		if rt.who == operator {
			if op != nil {
				t.Errorf("%s is the operator's and stands in the public document", rt.id)
			}
			continue
		}
		if op["operationId"] != rt.id {
			t.Errorf("%s %s is %v in the document", rt.method, rt.path, op["operationId"])
		}
		if got := fmt.Sprint(op["security"]); rt.who == public && op["security"] != nil || rt.who != public && got != fmt.Sprintf("[map[%s:[]]]", rt.who.signs()) {
			t.Errorf("the document says of %s that its security is %v", rt.id, got)
		}
		if op["x-principal"] != string(rt.who) {
			t.Errorf("the document says of %s that it is for %v", rt.id, op["x-principal"])
		}
	}
	for name := range expected {
		if !seen[name] {
			t.Errorf("%s is expected and not there", name)
		}
	}
	for name := range words {
		if !seen[name] {
			t.Errorf("%s has words and is not there", name)
		}
	}
	n := 0
	for _, item := range h.contract.doc["paths"].(map[string]any) {
		n += len(item.(map[string]any))
	}
	people := 0
	for _, rt := range routes {
		if rt.who != operator {
			people++
		}
	}
	if n != people {
		t.Errorf("the document has %d operations, the routes %d", n, people)
	}
}

func TestTheDocumentIsWhole(t *testing.T) {
	h := open(t)
	raw := h.get("/openapi.json", "").want(200).body
	if bytes.Contains(raw, []byte(`"nullable"`)) {
		t.Error("nullable is no word of OpenAPI 3.1")
	}
	for name, s := range h.contract.doc["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := h.contract.compiler.Compile(docURL + "#/components/schemas/" + name); err != nil {
			t.Errorf("%s is no JSON schema: %v", name, err)
		}
		for member, p := range s.(map[string]any)["properties"].(map[string]any) {
			if p, ok := p.(map[string]any); !ok || p["description"] == nil && p["$ref"] == nil {
				t.Errorf("%s.%s has no words: %v", name, member, p)
			}
		}
	}
	walk(h.contract.doc, func(node map[string]any) {
		ref, ok := node["$ref"].(string)
		if !ok {
			return
		}
		var at any = h.contract.doc
		for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[part]
		}
		if at == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	})
}

// Bodies of requests are closed, everything that is answered may get new members.
func TestAnswersAreOpenAndRequestsClosed(t *testing.T) {
	h := open(t)
	closed := []string{
		"TextBody", "LocationBody", "ContactBody", "ImageBody", "VoiceBody", "VideoBody", "FileBody", "NewUpload", "NewAudience", "NewLocation", "NewAppCard",
		"AppCardBody", "TokenRequest", "NewPackage", "NewConsentItem", "NewDecisionItem", "NewTemplateParam", "NewTemplateEdge", "NewCadence", "NewSubject", "ReplyBody", "NewKeys", "NewQuiet",
	}
	for _, rt := range routes {
		if rt.does.in != nil {
			closed = append(closed, strings.ToUpper(rt.does.in.Name()[:1])+rt.does.in.Name()[1:])
		}
	}
	for name, s := range h.contract.doc["components"].(map[string]any)["schemas"].(map[string]any) {
		if got, want := s.(map[string]any)["additionalProperties"], !slices.Contains(closed, name); got != want {
			t.Errorf("%s: more members are allowed: %v", name, got)
		}
	}
}

// walk visits every object.
func walk(node any, visit func(map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		visit(n)
		for _, v := range n {
			walk(v, visit)
		}
	case []any:
		for _, v := range n {
			walk(v, visit)
		}
	}
}

// What the document allows is accepted as a body, and what it does not allow is
// refused: the expected bodies are good by its schemas, and each is bad once a
// member it requires is missing.
func TestSchemasOfBodiesAreThoseOfTheServer(t *testing.T) {
	h := open(t)
	for _, rt := range routes {
		body := expected[rt.id].body
		if body == "" || rt.who == operator {
			continue
		}
		schema := h.contract.bodySchema(t, rt)
		parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parsed); err != nil {
			t.Errorf("%s: the document does not allow %s: %v", rt.id, body, err)
		}
		op := h.contract.operation(rt.method, rt.path)
		ref := op["requestBody"].(map[string]any)["content"].(map[string]any)[jsonType].(map[string]any)["schema"].(map[string]any)["$ref"].(string)
		whole := h.contract.doc["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(ref, schemaPrefix)].(map[string]any)
		required, _ := whole["required"].([]any)
		for _, name := range required {
			var members map[string]any
			if err := json.Unmarshal([]byte(body), &members); err != nil {
				t.Fatal(err)
			}
			delete(members, name.(string))
			a := h.call(rt.method, h.example(rt.path), h.as(rt.who), members)
			if rt.does.gate && a.status >= 400 && a.status < 500 {
				continue // it has a code of its own for some
			}
			if got := a.refused("bad_request"); !slices.ContainsFunc(got.Errors, func(e fieldError) bool { return e.Pointer == "/"+name.(string) }) {
				t.Errorf("%s without %s: %v", rt.id, name, got)
			}
		}
		if whole["additionalProperties"] != false {
			t.Errorf("%s allows any member by the document", rt.id)
		}
	}
}

func (c *contract) bodySchema(t *testing.T, rt route) *jsonschema.Schema {
	t.Helper()
	s, err := c.compiler.Compile(docURL + "#/paths/" + escape(rt.path) + "/" + strings.ToLower(rt.method) + "/requestBody/content/application~1json/schema")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// example is a path with names of nothing in particular in it.
func (h *house) example(path string) string {
	return strings.NewReplacer("{user}", "zoe", "{from}", "zoe", "{session}", "ses-none", "{stream}", "d-ann~zoe", "{seq}", "1",
		"{post}", "p-0198c000-0000-7000-8000-000000000001", "{comment}", "c-0198c000-0000-7000-8000-000000000001",
		"{app}", h.app().id, "{notice}", "n-none", "{grant}", "0198c000-0000-4000-8000-000000000001", "{consent}", "c-aaaaaaaaaaaaaaaaaaaaaaaaaa",
		"{template}", "t-aaaaaaaaaaaaaaaaaaaaaaaaaa", "{delivery}", "msg_0198c000-0000-7000-8000-000000000001", "{secret}", "none",
		"{case}", "case-0198c000-0000-7000-8000-000000000001").Replace(path)
}

func TestDocumentsAreServedOnce(t *testing.T) {
	h := open(t)
	for _, p := range []string{"/openapi.json", "/asyncapi.json", "/docs"} {
		first := h.get(p, "").want(200)
		r := h.request("GET", p, "", nil)
		r.Header.Set("If-None-Match", first.header.Get("ETag"))
		if got := h.do(r); got.status != http.StatusNotModified {
			t.Errorf("%s again with its ETag answers %d", p, got.status)
		}
		if h.call("HEAD", p, "", nil).want(200); first.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s lacks a header: %v", p, first.header)
		}
	}
}
