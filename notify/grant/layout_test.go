package grant

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	rows "github.com/go-json-experiment/json"
)

// records are one of each kind, empty.
func records() []record {
	return []record{&userRow{}, &appRow{}, &answered{}, &Grant{}, &Notice{}, &owing{}}
}

// fill gives every field that a row keeps a value of its own that is not zero.
func fill(t *testing.T, v reflect.Value, next *int64) {
	*next++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.UnixMilli(1_790_000_000_000 + *next).UTC()
		return
	case *json.RawMessage:
		*x = fmt.Appendf(nil, `{"n":%d}`, *next)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", *next))
	case reflect.Int, reflect.Int64:
		v.SetInt(*next << (*next % 40))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(uint64(*next) % 255)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), next)
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), next)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			fill(t, v.Index(i), next)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key, next)
			fill(t, value, next)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(t, v.Field(i), next)
			}
		}
	default:
		t.Fatalf("nothing to fill a %s with", v.Type())
	}
}

func fresh(r record) record { return reflect.New(reflect.TypeOf(r).Elem()).Interface().(record) }

// before is how rows were written once.
func before(v any) ([]byte, error) { return rows.Marshal(v, rows.Deterministic(true)) }

// No field is forgotten, in either direction, and rows from before are read as well.
func TestRecordsComeBackWhole(t *testing.T) {
	for _, r := range records() {
		t.Run(fmt.Sprintf("%T", r), func(t *testing.T) {
			var n int64
			for range 2 { // empty, then full
				for how, write := range map[string]func(any) ([]byte, error){"as they are": encode, "as they were": before} {
					raw, err := write(r)
					if err != nil {
						t.Fatal(err)
					}
					back := fresh(r)
					if err := decode("row", raw, back); err != nil || !reflect.DeepEqual(back, r) {
						t.Errorf("%s: %+v came back as %+v: %v", how, r, back, err)
					}
				}
				fill(t, reflect.ValueOf(r).Elem(), &n)
			}
		})
	}
}

// A row that was cut off is damaged, or is one from before its last fields.
func TestRecordsThatAreCutOff(t *testing.T) {
	for _, r := range records() {
		var n int64
		fill(t, reflect.ValueOf(r).Elem(), &n)
		raw := encodeRecord(r)
		for i := 1; i < len(raw); i++ {
			if back := fresh(r); decodeRecord(raw[:i], back) == nil && reflect.DeepEqual(back, r) {
				t.Errorf("%T came back whole from %d of %d bytes", r, i, len(raw))
			}
		}
		if err := decodeRecord(append(raw, 0), fresh(r)); err == nil {
			t.Errorf("%T with something behind it is not damaged", r)
		}
	}
}

func FuzzRecords(f *testing.F) {
	for _, r := range records() {
		f.Add(encodeRecord(r))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == 0 {
			return
		}
		for _, r := range records() {
			if decodeRecord(raw, r) != nil {
				continue
			}
			if back := fresh(r); decodeRecord(encodeRecord(r), back) != nil || !reflect.DeepEqual(back, r) {
				t.Errorf("%+v came back as %+v", r, back)
			}
		}
	})
}
