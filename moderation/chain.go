package moderation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// kindAct is the kind of the audit's entries.
const kindAct = stream.Kind("act")

// Chain is the hash of a row, given that of the row before it ("" before the first).
// Anybody can compute it from what the audit shows, and so verify an export:
//
//	hash = hex(SHA-256(previous ‖ "\n" ‖ canonical))
//
// previous is the hash of the row with seq-1, 64 lower-case hex digits, or nothing
// for seq 1. canonical is the row without its member "hash" as canonical JSON by
// RFC 8785: UTF-8, members sorted, no white space. The row's own Hash is not looked at.
func Chain(previous string, r Row) (string, error) {
	text, err := canonical(r.Seq, &r.Act)
	if err != nil {
		return "", err
	}
	return chain(previous, text), nil
}

func chain(previous string, text jsontext.Value) string {
	h := sha256.New()
	h.Write([]byte(previous))
	h.Write([]byte{'\n'})
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// A line is a row as it is shown, without its hash. Times have milliseconds, as
// everywhere in the protocol.
type line struct {
	Seq     id.Seq         `json:"seq"`
	At      wire.Time      `json:"at"`
	Actor   string         `json:"actor"`
	Role    string         `json:"role"`
	Action  string         `json:"action"`
	Subject Subject        `json:"subject"`
	Reason  string         `json:"reason,omitempty"`
	Before  jsontext.Value `json:"before,omitempty"`
	After   jsontext.Value `json:"after,omitempty"`
}

func lineOf(seq id.Seq, a *Act) line {
	return line{seq, wire.Time{Time: a.At}, a.Actor, a.Role, a.Action, a.Subject, a.Reason, jsontext.Value(a.Before), jsontext.Value(a.After)}
}

// MarshalJSON writes a row as the audit shows it, and Chain has it.
func (r Row) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		line
		Hash string `json:"hash"`
	}{lineOf(r.Seq, &r.Act), r.Hash})
}

func canonical(seq id.Seq, a *Act) (jsontext.Value, error) {
	raw, err := json.Marshal(lineOf(seq, a))
	text := jsontext.Value(raw)
	if err == nil {
		err = text.Canonicalize()
	}
	if err != nil {
		return nil, fmt.Errorf("audit row %d: %w", seq, err)
	}
	return text, nil
}

// A body is an entry's: the row without its hash, canonical, and the hash.
type body struct {
	Hash string         `json:"hash"`
	Row  jsontext.Value `json:"row"`
}

func readBody(e *stream.Entry) (b body, err error) {
	if e.Kind != kindAct {
		return b, fmt.Errorf("it is of kind %q", e.Kind)
	}
	err = json.Unmarshal(e.Body, &b, json.RejectUnknownMembers(true))
	return b, err
}

func readRow(e *stream.Entry) (Row, error) {
	b, err := readBody(e)
	r := Row{Hash: b.Hash}
	if err == nil {
		err = json.Unmarshal(b.Row, &struct {
			Seq  *id.Seq `json:"seq"`
			*Act `json:",inline"`
		}{&r.Seq, &r.Act})
	}
	if err != nil {
		return Row{}, fmt.Errorf("audit row %d cannot be read: %w", e.Seq, err)
	}
	return r, nil
}

// A Seal is the end of the audit as it was verified. Rows that are taken off its end
// leave a whole chain: whoever keeps a seal elsewhere sees that it is not in it any more.
type Seal struct {
	Seq  id.Seq `json:"seq"`  // how many rows there are
	Hash string `json:"hash"` // of the last; "" if there is none
}

// A BrokenError is the first row of the audit at which the chain does not hold.
type BrokenError struct {
	Seq id.Seq
	Why string
}

func (e *BrokenError) Error() string { return fmt.Sprintf("audit row %d: %s", e.Seq, e.Why) }

// checked is how many rows are verified at a time.
const checked = 256

// CheckAudit verifies every row of a log's audit up to where it was when this began,
// in the memory of a few hundred rows. *BrokenError: it names the first bad one.
func CheckAudit(ctx context.Context, log stream.Log) (Seal, error) {
	heads, err := log.Heads(ctx, []id.Stream{id.AuditStream})
	if err != nil {
		return Seal{}, err
	}
	var at Seal
	for at.Seq < heads[0].Seq {
		from := at.Seq + 1
		entries, err := log.Range(ctx, id.AuditStream, from, min(at.Seq+checked, heads[0].Seq))
		if err != nil {
			return at, fmt.Errorf("read the audit from %d: %w", from, err)
		}
		for i := range entries {
			if err := at.follow(&entries[i]); err != nil {
				return at, err
			}
		}
		if len(entries) == 0 {
			return at, &BrokenError{from, "it is missing"}
		}
	}
	return at, nil
}

// follow goes on to the next row.
func (s *Seal) follow(e *stream.Entry) error {
	next := s.Seq + 1
	if e.Seq != next {
		return &BrokenError{next, "it is missing"}
	}
	b, err := readBody(e)
	if err == nil {
		err = b.Row.Canonicalize()
	}
	if err != nil {
		return &BrokenError{next, "it cannot be read: " + err.Error()}
	}
	if chain(s.Hash, b.Row) != b.Hash {
		return &BrokenError{next, "its hash is not that of its content behind the row before"}
	}
	r, err := readRow(e)
	if err != nil || r.Seq != next {
		return &BrokenError{next, fmt.Sprintf("it says it is row %d", r.Seq)}
	}
	*s = Seal{next, b.Hash}
	return nil
}

// Check verifies the whole audit: see CheckAudit.
func (s *Service) Check(ctx context.Context) error {
	_, err := CheckAudit(ctx, s.log)
	return err
}
