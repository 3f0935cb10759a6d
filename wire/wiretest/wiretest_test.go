package wiretest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/wire"
	"github.com/teahouse-im/teahouse/wire/wiretest"
)

func TestRefuses(t *testing.T) {
	entry := `{"event":"entry","data":{"stream":"d-alice~bob","seq":12,"count":11,"id":"0198c0de-7a11-7000-8000-000000000001",` +
		`"kind":"text","from":"alice","at":"2026-11-24T04:00:00.123Z","body":{"text":"hi"}}}`
	wiretest.Check(t, wiretest.FromServer, []byte(entry))
	for _, c := range []struct {
		from  wiretest.Direction
		frame string
	}{
		{wiretest.FromServer, strings.Replace(entry, `"seq":12`, `"seq":12.5`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `"seq":12`, `"seq":"12"`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `"seq":12`, `"seq":0`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `"seq":12,`, ``, 1)},
		{wiretest.FromServer, strings.Replace(entry, `"seq":12`, `"seq":12,"seq":12`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `"seq":12`, `"seq":12,"more":1`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `.123Z`, `Z`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `{"text":"hi"}`, `null`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `{"text":"hi"}`, `{"text":1}`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `{"text":"hi"}`, `{"text":"`+"\xff"+`"}`, 1)},
		{wiretest.FromServer, strings.Replace(entry, `"event":"entry"`, `"event":"entries"`, 1)},
		{wiretest.FromServer, entry + " "},
		{wiretest.FromServer, entry + entry},
		{wiretest.FromServer, `{"data":{"reason":"bus"},"event":"resync"}`},
		{wiretest.FromServer, `{"event":"resync","data":{"reason":"tea"}}`},
		{wiretest.FromServer, `{"data":{},"id":1}`},
		{wiretest.FromServer, `{"id":0,"data":{}}`},
		{wiretest.FromServer, `{"id":1,"data":{"seq":1}}`},
		{wiretest.FromServer, `{"id":1,"data":{},"error":{"code":"internal","message":"x"}}`},
		{wiretest.FromServer, `{"id":1,"error":{"code":"tea","message":"x"}}`},
		{wiretest.FromServer, `{"id":1,"error":{"code":"internal"}}`},
		{wiretest.FromServer, `{"id":1,"data":{"streams":[],"next":1}}`},
		{wiretest.FromServer, `[]`},
		{wiretest.FromServer, ``},
		{wiretest.FromClient, `{"id":1,"op":"pong"}`},
		{wiretest.FromClient, `{"id":1,"op":"refusal","error":{"code":"internal","message":"x"}}`},
		{wiretest.FromClient, `{"id":1,"op":"typing","data":{"stream":"g-1","state":"sleeping"}}`},
		{wiretest.FromClient, `{"id":1,"op":"send","data":{"message_id":"0198c0de-7a11-7000-8000-000000000001","kind":"text","body":{"text":"hi"}}}`},
		{wiretest.FromClient, `{"id":1,"op":"send","data":{"to":"bob","stream":"g-1","message_id":"0198c0de-7a11-7000-8000-000000000001","kind":"text","body":{"text":"hi"}}}`},
		{wiretest.FromClient, `{"id":1,"op":"send","data":{"to":"bob","message_id":"0198c0de-7a11-4000-8000-000000000001","kind":"text","body":{"text":"hi"}}}`},
		{wiretest.FromClient, `{"id":1,"op":"ping","data":"` + strings.Repeat("x", wire.MaxFrame) + `"}`},
	} {
		if wiretest.Verify(c.from, []byte(c.frame)) == nil {
			t.Errorf("accepted: %.200s", c.frame)
		}
	}
}

func TestTalk(t *testing.T) {
	var talk wiretest.Talk
	say := func(d wiretest.Direction, frame string) error { return talk.Verify(d, []byte(frame)) }
	all := []error{
		say(wiretest.FromClient, `{"id":1,"op":"ping"}`),
		say(wiretest.FromClient, `{"id":2,"op":"typing","data":{"stream":"g-1","state":"stop"}}`),
		say(wiretest.FromServer, `{"event":"resync","data":{"reason":"behind"}}`),
		say(wiretest.FromServer, `{"id":2,"data":{}}`),
	}
	if err := errors.Join(all...); err != nil || talk.Unanswered() != 1 {
		t.Fatalf("%d unanswered: %v", talk.Unanswered(), err)
	}
	if say(wiretest.FromServer, `{"id":2,"data":{}}`) == nil {
		t.Error("a second reply is accepted")
	}
	if say(wiretest.FromServer, `{"id":1,"data":{}}`) == nil {
		t.Error("the reply to another op is accepted")
	}
}
