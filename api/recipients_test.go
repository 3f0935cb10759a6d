package api

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recipientLike are names by which a request could say who gets something, or
// when: a list, a group, a selection, a schedule. They are held against the parts
// of a name, so that user_ids and sendAt are found as well.
var recipientLike = []string{
	"to", "touser", "openid", "openids", "user", "users", "userid", "userids", "uid", "uids", "unionid", "tag", "tags", "group", "groups",
	"stream", "streams", "channel", "channels", "all", "everyone", "recipient", "recipients", "audience", "follower", "followers", "member",
	"members", "subscriber", "subscribers", "contact", "contacts", "friend", "friends", "people", "segment", "segments", "list", "lists",
	"topic", "topics", "region", "filter", "filters", "query", "where", "batch", "broadcast", "schedule", "scheduled", "sendat", "at", "when",
	"delay", "cron", "repeat", "every", "grants",
}

// unlike says of places in requests of apps why a name there is no recipient all the same.
var unlike = map[string]string{
	"submitTemplate /edges/to": "the state that a step leads to",
}

var (
	hump = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	gap  = regexp.MustCompile(`[^a-z0-9]+`)
)

// names tells whether a name says who gets something, or when.
func names(name string) bool {
	name = strings.ToLower(hump.ReplaceAllString(name, "${1}_$2"))
	parts := gap.Split(name, -1)
	return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(recipientLike, p) }) ||
		slices.Contains(recipientLike, strings.Join(parts, ""))
}

// recipientsIn finds what an app could name a recipient by, in all operations of a
// document that answer an app's token: parameters and members of bodies, at any depth.
func recipientsIn(doc map[string]any) (found []string, operations int) {
	eachAppOperation(doc, func(id string, op map[string]any) {
		operations++
		see := func(at, name string) {
			if place := id + " " + at; names(name) && unlike[place] == "" {
				found = append(found, place)
			}
		}
		parameters, _ := op["parameters"].([]any)
		for _, p := range parameters {
			see("?"+p.(map[string]any)["name"].(string), p.(map[string]any)["name"].(string))
		}
		for _, s := range schemasOf(op["requestBody"]) {
			schemaNames(doc, s, "", see, 0)
		}
	})
	return found, operations
}

func eachAppOperation(doc map[string]any, visit func(id string, op map[string]any)) {
	for _, item := range doc["paths"].(map[string]any) {
		for _, op := range item.(map[string]any) {
			if op := op.(map[string]any); op["x-principal"] == string(app) {
				visit(op["operationId"].(string), op)
			}
		}
	}
}

// schemasOf are those of a body's or an answer's contents.
func schemasOf(of any) (all []any) {
	part, _ := of.(map[string]any)
	content, _ := part["content"].(map[string]any)
	for _, m := range content {
		all = append(all, m.(map[string]any)["schema"])
	}
	return all
}

// schemaNames visits all members that a schema has.
func schemaNames(doc map[string]any, schema any, at string, see func(at, name string), depth int) {
	s, _ := schema.(map[string]any)
	if s == nil || depth > 20 {
		return
	}
	if ref, ok := s["$ref"].(string); ok {
		schemaNames(doc, doc["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(ref, schemaPrefix)], at, see, depth+1)
	}
	members, _ := s["properties"].(map[string]any)
	for name, of := range members {
		see(at+"/"+name, name)
		schemaNames(doc, of, at+"/"+name, see, depth+1)
	}
	for _, part := range []string{"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"} {
		schemaNames(doc, s[part], at, see, depth+1)
	}
	for _, part := range []string{"anyOf", "oneOf", "allOf", "prefixItems"} {
		all, _ := s[part].([]any)
		for _, of := range all {
			schemaNames(doc, of, at, see, depth+1)
		}
	}
	for _, part := range []string{"patternProperties", "dependentSchemas", "$defs"} {
		all, _ := s[part].(map[string]any)
		for _, of := range all {
			schemaNames(doc, of, at, see, depth+1)
		}
	}
}

// No operation that answers an app's token takes a recipient, a list, a group, a
// tag, a filter or a schedule.
func TestAppsNameNoRecipients(t *testing.T) {
	h := open(t)
	found, n := recipientsIn(h.contract.doc)
	if len(found) > 0 {
		t.Errorf("apps could name recipients: %v", found)
	}
	if n < 10 {
		t.Errorf("%d operations are for apps: the test looks at the wrong thing", n)
	}
	for place := range unlike {
		op, at, _ := strings.Cut(place, " ")
		seen := false
		eachAppOperation(h.contract.doc, func(id string, o map[string]any) {
			for _, s := range schemasOf(o["requestBody"]) {
				schemaNames(h.contract.doc, s, "", func(where, _ string) { seen = seen || id == op && where == at }, 0)
			}
		})
		if !seen {
			t.Errorf("%s is excused and not there", place)
		}
	}
}

// personLike are names by which an answer could tell an app who somebody is.
var personLike = []string{
	"user", "users", "userid", "uid", "openid", "unionid", "phone", "email", "avatar", "display", "device", "session", "friend", "friends",
	"follower", "followers", "member", "members", "presence", "contact", "contacts", "reader", "readers", "recipient", "recipients", "muted", "blocked",
}

// What apps are answered tells nobody's name, but for the openid of a user who signs in.
func TestAppsLearnNobodysName(t *testing.T) {
	h := open(t)
	eachAppOperation(h.contract.doc, func(id string, op map[string]any) {
		for _, answer := range op["responses"].(map[string]any) {
			for _, s := range schemasOf(answer) {
				schemaNames(h.contract.doc, s, "", func(at, name string) {
					if id != "loginToApp" && slices.ContainsFunc(gap.Split(strings.ToLower(name), -1), func(p string) bool { return slices.Contains(personLike, p) }) {
						t.Errorf("%s tells %s", id, at)
					}
				}, 0)
			}
		}
	})
}

// The test above finds what somebody might add.
func TestPlantedRecipientsAreFound(t *testing.T) {
	h := open(t)
	raw, err := json.Marshal(h.contract.doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"to", "touser", "openid", "openids", "user_ids", "userIds", "users", "tag", "tagName", "group", "stream", "channel", "all", "sendToAll", "recipient", "recipients", "audience", "followers", "members", "filter", "schedule", "send_at", "sendAt"} {
		for where, plant := range map[string]func(doc map[string]any){
			"a body": func(doc map[string]any) {
				schemaOf(doc, "NewNotice")["properties"].(map[string]any)[name] = map[string]any{"type": "string"}
			},
			"a list in a body": func(doc map[string]any) {
				schemaOf(doc, "NewNotice")["properties"].(map[string]any)["more"] = map[string]any{
					"type": "array", "items": map[string]any{"anyOf": []any{map[string]any{"properties": map[string]any{name: map[string]any{}}}}},
				}
			},
			"a body by name": func(doc map[string]any) {
				doc["components"].(map[string]any)["schemas"].(map[string]any)["Planted"] = map[string]any{"properties": map[string]any{name: map[string]any{}}}
				schemaOf(doc, "NewReply")["properties"].(map[string]any)["more"] = map[string]any{"$ref": schemaPrefix + "Planted"}
			},
			"a query": func(doc map[string]any) {
				op := doc["paths"].(map[string]any)["/v1/app/stats"].(map[string]any)["get"].(map[string]any)
				op["parameters"] = []any{map[string]any{"name": name, "in": "query"}}
			},
		} {
			var doc map[string]any
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			plant(doc)
			if found, _ := recipientsIn(doc); len(found) == 0 {
				t.Errorf("%s planted into %s is not found", name, where)
			}
		}
	}
}

func schemaOf(doc map[string]any, name string) map[string]any {
	return doc["components"].(map[string]any)["schemas"].(map[string]any)[name].(map[string]any)
}
