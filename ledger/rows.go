package ledger

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// Read decodes a row of a view that is kept as JSON; ok is false if there is none.
func Read[T any](v View, key string) (t T, ok bool, err error) {
	value := v.Get(key)
	if value == nil {
		return t, false, nil
	}
	t, err = Decode[T](value)
	return t, err == nil, err
}

// Decode decodes a row's value that is JSON.
func Decode[T any](value []byte) (t T, err error) {
	if err := json.Unmarshal(value, &t); err != nil {
		return t, fmt.Errorf("a row of the ledger: %w", err)
	}
	return t, nil
}

// Rows encodes rows as JSON: a key and what stands there, in turn. nil takes the row away.
func Rows(pairs ...any) ([]Row, error) {
	var out []Row
	for i := 0; i < len(pairs); i += 2 {
		r := Row{Key: pairs[i].(string)}
		if pairs[i+1] != nil {
			value, err := json.Marshal(pairs[i+1])
			if err != nil {
				return nil, fmt.Errorf("a row of the ledger: %w", err)
			}
			r.Value = value
		}
		out = append(out, r)
	}
	return out, nil
}
