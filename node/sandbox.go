package node

import (
	"context"
	"encoding/json"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/sandbox"
)

// SandboxPath is where the page of the sandbox is.
const SandboxPath = "/sandbox"

// sandbox makes what only a server to play with has.
func (n *Node) sandbox(x *Extras) *sandbox.Box {
	people := make([]sandbox.Person, len(demoPeople))
	for i, p := range demoPeople {
		people[i] = sandbox.Person{User: p.user, Name: p.name, Moderator: p.role == account.RoleModerator}
	}
	return sandbox.New(sandbox.Options{
		People: people, Now: x.now(), Advance: n.advance(x),
		SignIn: func(ctx context.Context, user, device string) (string, error) {
			in, err := n.Accounts.SignIn(ctx, account.SignIn{User: user, Password: DemoPassword, Device: device})
			return in.Token, err
		},
		Secret: func(ctx context.Context, app string) (string, bool, error) {
			a, ok := id.ParseApp(app)
			if !ok {
				return "", false, nil
			}
			e, ok, err := n.Webhooks.Get(ctx, a)
			return e.Secret, ok, err
		},
	})
}

// advance moves the clock of a server that has one which can be moved.
func (n *Node) advance(x *Extras) func(time.Duration) time.Time {
	return func(d time.Duration) time.Time {
		defer n.gateway.Review() // of what has expired
		return x.Clock.Advance(d)
	}
}

// watchedGate is the gate of a server to play with: the sandbox is told of what
// it decides.
type watchedGate struct {
	*notify.Service
	book *grant.Book
	box  *sandbox.Box
}

func (w watchedGate) Redeem(ctx context.Context, app id.App, raw []byte) (grant.Answer, error) {
	answer, err := w.Service.Redeem(ctx, app, raw)
	w.tell(ctx, app, "sendNotice", raw, answer, err)
	return answer, err
}

func (w watchedGate) Reply(ctx context.Context, app id.App, raw []byte) (grant.Answer, error) {
	answer, err := w.Service.Reply(ctx, app, raw)
	w.tell(ctx, app, "sendReply", raw, answer, err)
	return answer, err
}

func (w watchedGate) tell(ctx context.Context, app id.App, operation string, raw []byte, answer grant.Answer, err error) {
	r := sandbox.Request{
		App: string(app), Operation: operation, Raw: raw, Err: err,
		Notice: answer.Notice, Alert: answer.Alert, Left: answer.Left, Replayed: answer.Replayed,
	}
	if err == nil && answer.Status == grant.Held {
		r.Held = "shape"
		if n, err := w.book.Notice(ctx, app, answer.Notice); err == nil {
			r.Held = n.Why
		}
	}
	w.box.Decided(r)
}

// watchedAudit is the audit of a server to play with: the sandbox is told of
// notices that were refused before they came to the gate, and of an app's server
// that tried what is not for apps.
type watchedAudit struct {
	*moderation.Service
	box *sandbox.Box
}

func (w watchedAudit) Record(ctx context.Context, a moderation.Act) error {
	err := w.Service.Record(ctx, a)
	code := fault.Code(a.Reason)
	if err != nil || a.Action != "notice_refused" && (a.Action != "refused" || code != fault.WrongPrincipal.Code) {
		return err
	}
	var about struct {
		Operation string `json:"operation"`
	}
	if json.Unmarshal(a.After, &about) == nil {
		w.box.Decided(sandbox.Request{App: a.Actor, Operation: about.Operation, Err: fault.New(code, "")})
	}
	return nil
}
