package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestScriptsAreReadAsWritten(t *testing.T) {
	scripts, err := readScripts("testdata/tea")
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) != 3 || scripts[0].name != "greetings.yml" || scripts[1].name != "order.jsonl" || scripts[2].name != "zz-group.yaml" {
		t.Fatalf("%+v", scripts)
	}
	g := scripts[0]
	for i, want := range [][]string{
		{"Good morning!", "Good morning. Tea?", "Yes: green, please", "42"},
		{"早上好，来一杯龙井吗？", "好的，谢谢！🍵"},
		{"صباح الخير، هل تريد شايًا؟", `نعم، من فضلك. بالنعناع <b>&</b> "سكر"`},
		{"Alone: nobody answers"},
	} {
		if !slices.Equal(g.dialogues[i], want) {
			t.Errorf("dialogue %d is %q", i, g.dialogues[i])
		}
	}
	if g.left != 1 || g.utterances() != 9 {
		t.Errorf("%d left out, %d said", g.left, g.utterances())
	}
	if got := scripts[1].dialogues[0][2]; got != "ありがとう\tございます\n!" {
		t.Errorf("%q", got)
	}
	g.shorten(5)
	if g.utterances() != 5 || len(g.dialogues) != 2 {
		t.Errorf("shortened to %q", g.dialogues)
	}
}

func TestScriptsThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.txt":   "hello",
		"b.jsonl": "[1, 2]",
		"c.yml":   "conversations: 7",
		"d.yml":   "conversations: []",
		"e.jsonl": `["` + strings.Repeat("x", utteranceMost+1) + `", " ", "\u0000"]`,
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := readScripts(file); err == nil {
			t.Errorf("%s gives %+v", name, s)
		}
	}
	if _, err := readScripts(filepath.Join(dir, "absent")); err == nil {
		t.Error("a file that is not there was read")
	}
}
