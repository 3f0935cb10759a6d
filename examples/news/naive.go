package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A try is a call by which a news app elsewhere would reach its readers, and what
// came of it.
type try struct {
	Wish   string `json:"wish"`
	Call   string `json:"call"`
	Body   string `json:"body,omitempty"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Lesson string `json:"lesson"`
}

// naive are those calls, by the app's own token. Each is a request of plain HTTP: the
// SDK has none of them, as there is nothing there to call.
func (n *newsroom) naive(ctx context.Context, server string) ([]try, error) {
	token, err := n.app.Token(ctx)
	if err != nil {
		return nil, err
	}
	story := `"template": "` + n.app.Template(digest) + `", "data": {"stories": {"number": "4"}}, "page": "/", "idempotency_key": "push-1"`
	tries := []try{
		{
			Wish: "Send the story to a reader whose name we know", Call: "POST /v1/app/notices", Body: `{"touser": "alice", ` + story + `}`,
			Lesson: "A notice names nobody. Whom it reaches is in the grant, and that was the user's to give.",
		},
		{
			Wish: "Send it to a list of readers", Call: "POST /v1/app/notices", Body: `{"users": ["alice", "bob"], ` + story + `}`,
			Lesson: "A list is no more welcome than a name.",
		},
		{
			Wish: "Send two at once", Call: "POST /v1/app/notices", Body: `[{` + story + `}, {` + story + `}]`,
			Lesson: "One call, one grant, one user, one notice.",
		},
		{
			Wish: "Send it tomorrow at seven, to all", Call: "POST /v1/app/notices", Body: `{"all": true, "schedule": "07:00", ` + story + `}`,
			Lesson: "Nothing is sent to all, and nothing is sent by a schedule of ours.",
		},
		{
			Wish: "Make up a grant", Call: "POST /v1/app/notices", Body: `{"grant": "gh1_bWFkZSB1cA", ` + story + `}`,
			Lesson: "A handle is sealed by the server. It cannot be made, guessed, bought or borrowed from another app.",
		},
		{Wish: "Find the route for broadcasts", Call: "POST /v1/app/broadcast", Body: `{` + story + `}`, Lesson: "There is none. It is not forbidden, it is not there."},
		{Wish: "Find the one for batches", Call: "POST /v1/app/notices/batch", Body: `{"items": []}`, Lesson: "There is none of these either."},
		{Wish: "List our followers", Call: "GET /v1/app/followers", Lesson: "Following an app gives it nothing: neither a list nor a number."},
		{Wish: "Write to a reader in a chat", Call: "POST /v1/conversations", Body: `{"with": "alice"}`, Lesson: "An app's token opens the app routes alone. Chats, groups and Moments are for people."},
		{Wish: "Put it into Moments", Call: "POST /v1/moments", Body: `{"text": "Read our story"}`, Lesson: "The same."},
		{
			Wish: "Tap for the reader", Call: "POST /v1/activations", Body: `{"app": "` + n.app.ID + `", "kind": "tap", "page": "/"}`,
			Lesson: "Only the user's own session can say that somebody tapped.",
		},
		{Wish: "Say yes for them", Call: "POST /v1/consents/c-1/decision", Body: `{"items": []}`, Lesson: "Nor can an app answer a sheet."},
	}
	for i := range tries {
		if err := tries[i].make(ctx, server, token); err != nil {
			return nil, err
		}
		n.app.Say("tried to: %-45s %d %s", tries[i].Wish, tries[i].Status, tries[i].Code)
	}
	return tries, nil
}

// make makes the call and notes how it was refused.
func (t *try) make(ctx context.Context, server, token string) error {
	method, path, _ := strings.Cut(t.Call, " ")
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(server, "/")+path, strings.NewReader(t.Body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if t.Body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	var problem struct{ Code string }
	if t.Status = answer.StatusCode; t.Status/100 == 2 {
		return fmt.Errorf("%s went through: this server has a hole", t.Call)
	}
	if err := json.Unmarshal(raw, &problem); err != nil {
		return fmt.Errorf("%s: %d, which is no refusal: %w", t.Call, t.Status, err)
	}
	t.Code = problem.Code
	return nil
}
