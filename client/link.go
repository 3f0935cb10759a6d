package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/time/rate"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// A link is one connection: it numbers requests, finds the reply to each, and
// keeps to the server's limits.
type link struct {
	ws      *websocket.Conn
	ctx     context.Context // ends with the connection; its cause says why
	cancel  context.CancelCauseFunc
	timeout time.Duration
	gone    chan struct{} // closed when the client has let go of it
	heard   atomic.Int64  // when the server was last heard, in Unix nanoseconds

	pace  *rate.Limiter // nil: no limit told
	frame int           // bytes the server takes in one message

	mu      sync.Mutex // guards what follows
	last    int64      // id of the latest request
	pending map[int64]func(jsontext.Value, error)
	bye     *wire.Bye

	first *syncRun // what hello's reply left to be synced
}

// A frame is any message from the server.
type frame struct {
	ID    int64          `json:"id"`
	Event string         `json:"event"`
	Data  jsontext.Value `json:"data"`
	Error *refusal       `json:"error"`
}

// A refusal is an error reply.
type refusal struct {
	Code    fault.Code        `json:"code"`
	Message string            `json:"message"`
	RetryMS int64             `json:"retry_ms"`
	Errors  []wire.FieldError `json:"errors"`
}

func (r *refusal) err() error {
	return &Error{Code: r.Code, Message: r.Message, Retry: time.Duration(r.RetryMS) * time.Millisecond, Fields: r.Errors}
}

// begin sends a request. then is told the reply, or why there will be none; it
// is called once, and not at all if begin fails. It must not block.
func (l *link) begin(op string, data any, then func(jsontext.Value, error)) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if len(body) > l.frame-64 {
		return tooLarge
	}
	if l.pace != nil {
		if err := l.pace.Wait(l.ctx); err != nil {
			return errLost
		}
	}
	l.mu.Lock()
	if l.pending == nil {
		l.mu.Unlock()
		return errLost
	}
	l.last++
	id := l.last
	l.pending[id] = then
	l.mu.Unlock()

	msg := strconv.AppendInt([]byte(`{"id":`), id, 10)
	msg = append(append(append(msg, `,"op":"`...), op...), `","data":`...)
	msg = append(append(msg, body...), '}')
	if err := l.write(msg); err != nil && l.forget(id) {
		return err
	}
	return nil
}

// write sends a message within the time-out. A write that fails ends the connection.
func (l *link) write(msg []byte) error {
	ctx, cancel := context.WithTimeout(l.ctx, l.timeout)
	defer cancel()
	if err := l.ws.Write(ctx, websocket.MessageText, msg); err != nil {
		l.cancel(fmt.Errorf("%w: %w", errLost, err))
		return errLost
	}
	return nil
}

// forget takes back a request; false if it has been answered.
func (l *link) forget(id int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, there := l.pending[id]
	delete(l.pending, id)
	return there
}

// call sends a request and waits for its reply. errLost: the connection ended
// first, and nobody knows what became of it.
func (l *link) call(ctx context.Context, op string, data, reply any) error {
	type answer struct {
		data jsontext.Value
		err  error
	}
	got := make(chan answer, 1)
	if err := l.begin(op, data, func(d jsontext.Value, err error) { got <- answer{d, err} }); err != nil {
		return err
	}
	select {
	case a := <-got:
		if a.err != nil {
			return a.err
		}
		return json.Unmarshal(a.data, reply)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read takes the next message from the server.
func (l *link) read() (frame, error) {
	kind, msg, err := l.ws.Read(l.ctx)
	if err != nil {
		return frame{}, l.why(err)
	}
	l.heard.Store(time.Now().UnixNano())
	var f frame
	if kind != websocket.MessageText {
		return f, errors.New("the server sent a binary message")
	}
	if err := json.Unmarshal(msg, &f); err != nil {
		return f, fmt.Errorf("the server sent no frame: %w", err)
	}
	return f, nil
}

// why turns what ended a connection into what to think of it.
func (l *link) why(err error) error {
	if cause := context.Cause(l.ctx); cause != nil {
		return cause
	}
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return &CloseError{int(closed.Code), closed.Reason}
	}
	if errors.Is(err, io.EOF) {
		return errLost
	}
	return fmt.Errorf("%w: %w", errLost, err)
}

// reply gives an answer to who asked.
func (l *link) reply(f frame) {
	l.mu.Lock()
	then := l.pending[f.ID]
	delete(l.pending, f.ID)
	l.mu.Unlock()
	switch {
	case then == nil:
	case f.Error != nil:
		then(nil, f.Error.err())
	default:
		then(f.Data, nil)
	}
}

// end tells everybody who still waits that no reply will come.
func (l *link) end(err error) {
	l.cancel(err)
	l.mu.Lock()
	pending := l.pending
	l.pending = nil
	l.mu.Unlock()
	for _, then := range pending {
		then(nil, errLost)
	}
}

var tooLarge = &Error{Code: fault.TooLarge.Code, Message: "The server takes no message of this size."}
