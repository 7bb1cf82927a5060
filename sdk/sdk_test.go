package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestMain(m *testing.M) {
	switch os.Getenv("SDK_TEST_MODE") {
	case "by hand":
		sdk.Serve(probe())
	case "host":
		hostThatDies()
	}
	sdktest.Main(m, probe())
}

// probe is a plugin that does what the tests want to see.
func probe() *sdk.Plugin {
	return &sdk.Plugin{
		Name: "probe", Version: "1.2.3", Doc: "A plugin for tests.",
		Config: sdk.Schema{
			Attrs: []sdk.Attr{
				{Name: "url", Type: sdk.String, Doc: "Where the test listens."},
				{Name: "token", Type: sdk.String, Sensitive: true},
				{Name: "tags", Type: sdk.List(sdk.String), Default: []string{"a"}},
			},
			Blocks: []sdk.Block{{Name: "limits", Schema: sdk.Schema{Attrs: []sdk.Attr{{Name: "most", Type: sdk.Number}}}}},
		},
		Validate: func(v sdk.Values) []sdk.Diagnostic {
			var c struct{ URL string }
			if err := v.Decode(&c); err != nil || strings.HasPrefix(c.URL, "ftp:") {
				return []sdk.Diagnostic{{Summary: "No such address", Detail: "Use http.", Path: []string{"url"}}}
			}
			return nil
		},
		Configure: func(_ context.Context, v sdk.Values) error {
			var c struct{ URL string }
			if err := v.Decode(&c); err != nil {
				return err
			}
			if c.URL == "" {
				sdk.Log().Info("configured without an address")
			}
			return nil
		},
		Check: func(context.Context) error { return errors.New("nobody there") },
		Actions: []sdk.Action{
			{Name: "echo", Output: sdk.Schema{Attrs: []sdk.Attr{{Name: "key", Type: sdk.String}}}, Handle: echo},
			{Name: "panic", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome { panic("out of cheese") }},
			{Name: "print", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome {
				fmt.Println("printed with fmt")
				sdk.Log().Warn("logged", "answer", 42)
				out, err := exec.Command("sh", "-c", "echo printed by a child").Output()
				return sdk.Succeeded(map[string]any{"child": string(out), "err": fmt.Sprint(err)})
			}},
			{Name: "list", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome { return sdk.Succeeded([]int{1}) }},
			{Name: "huge", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Succeeded(map[string]string{"x": strings.Repeat("x", sdk.MaxMessage)})
			}},
			{Name: "nothing", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome { return sdk.Outcome{} }},
			{Name: "retry", KeyLifetime: time.Hour, Handle: func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Retry("busy").After(time.Minute).FreshKey().NeedsOperator()
			}},
			{Name: "lost", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Retry("no answer").After(time.Minute).FreshKey().MayHaveRun()
			}},
			{Name: "reject", Handle: func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Rejected("no_card", "No card on file.", "customer cus_1 has none")
			}},
			{Name: "until_cancelled", Handle: func(ctx context.Context, _ *sdk.Delivery) sdk.Outcome {
				<-ctx.Done()
				return sdk.Retry(ctx.Err().Error())
			}},
		},
	}
}

func echo(_ context.Context, d *sdk.Delivery) sdk.Outcome {
	return sdk.Succeeded(struct {
		Key     string          `json:"key"`
		ID      string          `json:"id"`
		Attempt int             `json:"attempt"`
		Type    string          `json:"type"`
		Dev     bool            `json:"dev"`
		Input   json.RawMessage `json:"input"`
	}{d.Key, d.ID, d.Attempt, d.Event.Type, d.Event.Development(), json.RawMessage(d.Input)})
}

func TestConform(t *testing.T) {
	sdktest.Conform(t, sdktest.Subject{
		Plugin: probe(), Config: map[string]any{"url": "http://127.0.0.1:1"},
		Samples: []sdktest.Sample{{Action: "echo"}, {Action: "retry"}, {Action: "reject"}},
	})
}

func TestHandle(t *testing.T) {
	c := sdktest.Start(t, probe(), nil)
	cases := map[string]sdktest.Outcome{
		"retry": {Kind: sdktest.Retry, Detail: "busy", After: time.Minute, FreshKey: true, NeedsOperator: true},
		"lost":  {Kind: sdktest.Unknown, Detail: "no answer", After: time.Minute},
		"reject": {
			Kind: sdktest.Rejected, Code: "no_card", Public: "No card on file.", Detail: "customer cus_1 has none",
		},
		"panic":   {Kind: sdktest.Unknown, Detail: "the plugin panicked; its log has the stack"},
		"list":    {Kind: sdktest.Unknown, Detail: "writing the output: it is no JSON object but []int"},
		"nothing": {Kind: sdktest.Unknown, Detail: "the handler returned no outcome"},
		"huge":    {Kind: sdktest.Unknown, Detail: "the output has 16777234 bytes, which is more than a message may have"},
		"missing": {Kind: sdktest.Unknown, Detail: `there is no action "missing"`},
		"echo": {Kind: sdktest.Succeeded, Output: json.RawMessage(
			`{"key":"e/r/d:1","id":"e/r/d","attempt":3,"type":"SUBSCRIPTION_CANCEL","dev":true,"input":{"a":1}}`)},
	}
	for action, want := range cases {
		for _, mode := range []string{"call", "stream"} {
			t.Run(action+" by "+mode, func(t *testing.T) {
				options := []sdktest.Option{
					sdktest.Key("e/r/d:1"), sdktest.Attempt(3),
					sdktest.Event(sdk.Event{Type: "SUBSCRIPTION_CANCEL", Flag: "DEVELOPMENT"}),
				}
				if mode == "stream" {
					options = append(options, sdktest.Stream())
				}
				got := c.Handle(action, map[string]int{"a": 1}, options...)
				if _, detail, ok := strings.Cut(got.Detail, "desc = "); ok {
					got.Detail = detail
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
	if !strings.Contains(c.Stderr(), "out of cheese") {
		t.Error("the panic is not in the log")
	}
}

func TestValidateAndCheck(t *testing.T) {
	c := sdktest.Start(t, probe(), nil)
	want := []sdk.Diagnostic{{Summary: "No such address", Detail: "Use http.", Path: []string{"url"}}}
	if diff := cmp.Diff(want, c.Validate(map[string]string{"url": "ftp://x"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "nobody there") {
		t.Errorf("Check: %v", err)
	}
}

// TestPrints: whatever is printed after the handshake reaches stderr.
func TestPrints(t *testing.T) {
	c := sdktest.Start(t, probe(), nil)
	got := c.Handle("print", nil)
	if want := `{"child":"printed by a child\n","err":"\u003cnil\u003e"}`; string(got.Output) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	sdktest.AssertLeaksNoSecret(t, c, "a secret that nobody prints") // ends the plugin: all is read now
	for _, want := range []string{"printed with fmt\n", `"level":"warn","message":"logged","answer":42`} {
		if !strings.Contains(c.Stderr(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, c.Stderr())
		}
	}
}

// TestDeadline: a handler sees the attempt's deadline, by call and by stream.
func TestDeadline(t *testing.T) {
	c := sdktest.Start(t, probe(), nil)
	for _, options := range [][]sdktest.Option{nil, {sdktest.Stream()}} {
		got := c.Handle("until_cancelled", nil, append(options, sdktest.Within(50*time.Millisecond))...)
		if got.Kind == sdktest.Succeeded {
			t.Errorf("got %s", got)
		}
	}
}

func TestServeByHand(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"SDK_TEST_MODE=by hand"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v, want exit code 1", err)
	}
	for _, want := range []string{"probe is a plugin of signalbox", `plugin "probe" {`, "exec = "} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr.String())
		}
	}
}

// TestOrphan: a plugin whose host was killed ends by itself. The test sees it by
// the plugin's stderr, which closes with the process.
func TestOrphan(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(os.Args[0])
	host.Env = []string{"SDK_TEST_MODE=host"}
	host.Stderr = write
	if err := host.Run(); err == nil {
		t.Fatal("the host did not die")
	}
	_ = write.Close()
	if err := read.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(read); err != nil {
		t.Fatalf("the plugin outlives its host: %v\n%s", err, b)
	}
}

// hostThatDies starts the probe as a host would, waits for its handshake line
// and kills itself.
func hostThatDies() {
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{sdk.CookieKey + "=" + sdk.CookieValue, "SDK_TEST_MODE=by hand"}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		panic(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		panic(err)
	}
	if err := self.Kill(); err != nil {
		panic(err)
	}
	select {}
}
