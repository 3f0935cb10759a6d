package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

func TestBadSettingsAreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	serve := func(more ...string) []string {
		return append([]string{"serve", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"}, more...)
	}
	for _, c := range []struct {
		args []string
		env  []string
		want string
	}{
		{serve("--no-such-flag"), nil, "--no-such-flag"},
		{serve("--group-members", "many"), nil, "--group-members"},
		{serve("--group-members", "1"), nil, "--group-members"},
		{serve("--heartbeat", "soon"), nil, "--heartbeat"},
		{serve("--strangers", "maybe"), nil, "--strangers"},
		{serve("--store", "mysql://x"), nil, "--store"},
		{serve("--bus", "amqp://x"), nil, "--bus"},
		{serve("--listen", "nowhere"), nil, "--listen"},
		{serve("--tls-cert", "x.pem"), nil, "--tls-key"},
		{serve("--identity-jwks", "x.json"), nil, "--identity-issuer"},
		{serve("--push-apns-key-id", "ABCDE12345"), nil, "--push-apns-key"},
		{serve("--push-fcm-credentials", filepath.Join(dir, "absent")), nil, "--push-fcm-credentials"},
		{serve("--push-fcm-credentials", file("no-account.json", "{}")), nil, "FCM"},
		{serve("--push-subject", "the operator"), nil, "--push-subject"},
		{serve("--config", file("unknown.yaml", "colour: blue\n")), nil, "colour"},
		{serve("--config", file("wrong.yaml", "heartbeat: never\n")), nil, "--heartbeat"},
		{serve("--config", file("nested.yaml", "listen: {port: 1}\n")), nil, "listen"},
		{serve("--config", file("list.yaml", "- a\n")), nil, "mapping"},
		{serve(), []string{"TEAHOUSE_SESSIONS_PER_USER=x"}, "--sessions-per-user"},
		{serve(), []string{"TEAHOUSE_SESSION_PER_USER=3"}, "TEAHOUSE_SESSION_PER_USER"},
		{serve(), []string{"TEAHOUSE_BUSS_FILE=x"}, "TEAHOUSE_BUSS_FILE"},
		{serve(), []string{"TEAHOUSE_BUS_FILE=" + filepath.Join(dir, "absent")}, "TEAHOUSE_BUS_FILE"},
		{[]string{"user", "role", "ann", "emperor"}, nil, "emperor"},
	} {
		if said := fails(t, c.env, c.args...); !strings.Contains(said, c.want) {
			t.Errorf("teahouse %s is refused without naming %q:\n%s", strings.Join(c.args[1:], " "), c.want, said)
		}
	}
}

func TestSettingsRankByWhereTheyStand(t *testing.T) {
	config := filepath.Join(t.TempDir(), "teahouse.yaml")
	must(t, os.WriteFile(config, []byte("sessions-per-user: 1\ntext-bytes: 100\ngroup-members: 3\n"), 0o600))
	secret := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(secret, []byte("from-a-file\n"), 0o600))
	t.Setenv("TEAHOUSE_TEXT_BYTES", "200")
	t.Setenv("TEAHOUSE_OPERATOR_TOKEN_FILE", secret)
	p := launch(t, "--data", t.TempDir(), "--config", config, "--group-members", "4")
	ann := join(t, client.Server{URL: p.url}, "ann")
	bob := join(t, client.Server{URL: p.url}, "bob")
	befriend(t, ann, bob)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	post := func(size int) error {
		_, err := ann.api.Post(t.Context(), client.Message{Stream: stream, Body: client.Text{Text: strings.Repeat("x", size)}})
		return err
	}
	must(t, post(200)) // of the environment
	if err := post(201); client.CodeOf(err) != "too_large" {
		t.Fatalf("201 bytes: %v", err)
	}
	signIn(t, client.Server{URL: p.url}, "bob", "second")
	if _, err := bob.api.Me(t.Context()); client.CodeOf(err) != "unauthenticated" { // of the file: one session
		t.Fatalf("a first session beside a second: %v", err)
	}
	cmd := exec.Command(program, "user", "role", "ann", "moderator", "--ops-listen", strings.TrimPrefix(p.ops, "http://"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the token from a file is not taken: %v\n%s", err, out)
	}
}

func TestASecondServerOnOneFolder(t *testing.T) {
	data := t.TempDir()
	p := launch(t, "--data", data)
	said := fails(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	if !strings.Contains(said, "in use by another process") || !strings.Contains(said, "--data") {
		t.Fatalf("the second is refused with %q", said)
	}
	join(t, client.Server{URL: p.url}, "ann") // the first goes on
}

// TestADamagedStoreIsRefused flips one byte in every file of a store, in turn.
// Either the server refuses to start, or it starts and serves nothing wrong.
func TestADamagedStoreIsRefused(t *testing.T) {
	data := t.TempDir()
	p := launch(t, "--data", data)
	s := client.Server{URL: p.url}
	ann, bob := join(t, s, "ann"), join(t, s, "bob")
	befriend(t, ann, bob)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	for range 50 {
		_, err := ann.api.Post(t.Context(), client.Message{Stream: stream, Body: client.Text{Text: strings.Repeat("tea ", 50)}})
		must(t, err)
	}
	stored := wholeLog(t, ann, stream)
	if code := p.stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	files, err := filepath.Glob(filepath.Join(data, "store", "*"))
	must(t, err)
	refused := 0
	for _, file := range files {
		bad := filepath.Join(t.TempDir(), "data")
		must(t, os.CopyFS(bad, os.DirFS(data)))
		path := filepath.Join(bad, "store", filepath.Base(file))
		b, err := os.ReadFile(path)
		must(t, err)
		if len(b) < 8 {
			continue
		}
		b[len(b)/2] ^= 0x40
		must(t, os.WriteFile(path, b, 0o600))
		if !serves(t, bad, ann, stream, len(stored)) {
			refused++
		}
	}
	if refused == 0 {
		t.Fatal("no damage was noticed")
	}
	p.start()
	if err := same(wholeLog(t, ann, stream), stored); err != nil {
		t.Fatalf("the undamaged store: %v", err)
	}
}

// serves starts a server on a damaged folder. It reports whether it served the
// whole stream; what it serves must be right.
func serves(t *testing.T, data string, ann *person, stream string, want int) bool {
	t.Helper()
	cmd := exec.Command(program, "serve", "--data", data, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--limits", "off")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	line := make(chan string, 1)
	go func() {
		var b [512]byte
		n, _ := out.Read(b[:])
		line <- string(b[:n])
	}()
	select {
	case said := <-line:
		m := readyLine.FindStringSubmatch(strings.TrimSpace(said))
		if m == nil {
			return false // it did not start
		}
		api, err := client.NewAPI(client.Server{URL: m[1]})
		must(t, err)
		page, err := api.As(ann.in.Token).HistoryAfter(t.Context(), stream, 0, 200)
		if err != nil {
			return false
		}
		if len(page.Entries) != want {
			t.Fatalf("a damaged store serves %d entries of %d", len(page.Entries), want)
		}
		for _, e := range page.Entries {
			if !strings.Contains(string(e.Body), "tea tea") {
				t.Fatalf("a damaged store serves %s", e.Body)
			}
		}
		return true
	case <-time.After(patience):
		t.Fatal("the server neither starts nor ends")
	}
	return false
}

func TestAStopSaysGoodbye(t *testing.T) {
	p := launch(t, "--data", t.TempDir())
	ann := join(t, client.Server{URL: p.url}, "ann")
	d := open(t, ann)
	if code := p.stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	p.start()
	_, err := d.Ping(t.Context()) // the device comes back by itself
	must(t, err)
}

// TestTheEnvironmentOfOthers: what tests, scripts and Kubernetes put there is no mistake.
func TestTheEnvironmentOfOthers(t *testing.T) {
	cmd := exec.Command(program, "version")
	cmd.Env = append(os.Environ(), "TEAHOUSE_TEST_CQL=x", "TEAHOUSE_BIN=/x", "TEAHOUSE_PROJECT=/x", "TEAHOUSE_VENV=/x", "TEAHOUSE_STORE_FILE=/absent", "TEAHOUSE_GROUP_MEMBERS=7",
		"TEAHOUSE_SERVICE_HOST=10.0.0.1", "TEAHOUSE_PORT=tcp://10.0.0.1:80", "TEAHOUSE_OPS_PORT_9090_TCP_ADDR=10.0.0.2", "TEAHOUSE_SERVICE_PORT_HTTP=80")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "teahouse ") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestVersion(t *testing.T) {
	stamped := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	revision, modified := debug.BuildSetting{Key: "vcs.revision", Value: "abc123"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for want, info := range map[string]*debug.BuildInfo{
		"devel (commit unknown)":            nil,
		"devel (commit abc123)":             stamped("(devel)", revision),
		"devel (commit abc123 and changes)": stamped("", revision, modified),
		"v1.2.3":                            stamped("v1.2.3"),
		"v1.2.3 (commit abc123)":            stamped("v1.2.3", revision),
	} {
		if got := versionOf(info); got != want {
			t.Errorf("version is %q, want %q", got, want)
		}
	}
}

// TestUserSaysWhatItDid, and names whom it does not find.
func TestUserSaysWhatItDid(t *testing.T) {
	data := t.TempDir()
	p := launch(t, "--data", data)
	user := func(args ...string) (string, error) {
		cmd := exec.Command(program, append([]string{"user"}, append(args, "--data", data, "--ops-listen", strings.TrimPrefix(p.ops, "http://"))...)...)
		cmd.Stdin = strings.NewReader(password + "\n")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"add", "ann"}, "ann was added\n"},
		{[]string{"password", "ann"}, "ann has a new password; all sign-ins have ended\n"},
		{[]string{"role", "ann", "moderator"}, "ann is moderator now\n"},
		{[]string{"role", "ann", "none"}, "ann has no role any more\n"},
		{[]string{"suspend", "ann"}, "ann is suspended until lifted\n"},
		{[]string{"suspend", "ann", "--for", "24h"}, "ann is suspended for 24h0m0s\n"},
		{[]string{"unsuspend", "ann"}, "ann is not suspended any more\n"},
	} {
		if out, err := user(c.args...); err != nil || out != c.says {
			t.Errorf("user %s says %q, %v", strings.Join(c.args, " "), out, err)
		}
	}
	for _, args := range [][]string{{"password", "zoe"}, {"role", "zoe", "none"}, {"suspend", "zoe"}, {"unsuspend", "zoe"}} {
		if out, err := user(args...); err == nil || !strings.Contains(out, `there is no user "zoe"`) {
			t.Errorf("user %s says %q, %v", strings.Join(args, " "), out, err)
		}
	}
	if out, err := user("add", "ann"); err == nil || !strings.Contains(out, "ann") || !strings.Contains(out, "user_taken") {
		t.Errorf("adding somebody twice says %q, %v", out, err)
	}
}
