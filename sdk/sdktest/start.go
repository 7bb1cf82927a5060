package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/sdk"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// startTimeout is how long a plugin may take to say that it is there; it is
// the host's own limit.
const startTimeout = 10 * time.Second

// markKey names the environment variable that tells the test binary which
// plugin to serve.
const markKey = "SIGNALBOX_SDKTEST"

// Main runs the tests of m, or, in a process that Start has started, serves
// the plugin that it asks for. It does not return; call it from TestMain with
// all plugins that tests start.
func Main(m *testing.M, plugins ...*sdk.Plugin) {
	name, child := os.LookupEnv(markKey)
	if !child {
		os.Exit(m.Run())
	}
	for _, p := range plugins {
		if p.Name == name {
			sdk.Serve(p)
		}
	}
	fmt.Fprintf(os.Stderr, "sdktest.Main was not given the plugin %q\n", name)
	os.Exit(1)
}

// Start runs the plugin, which Main must have been given, in a process of its
// own and configures it. Config becomes a JSON object; nil is {}. The test
// fails if any of it does; the process ends with the test.
func Start(t testing.TB, p *sdk.Plugin, config any) *Client {
	t.Helper()
	c := launch(t, self(t, p))
	c.configure(config)
	return c
}

// StartCommand is Start for a program: any plugin, in any language.
func StartCommand(t testing.TB, config any, path string, args ...string) *Client {
	t.Helper()
	c := launch(t, exec.Command(path, args...))
	c.configure(config)
	return c
}

// self is the command that serves p.
func self(t testing.TB, p *sdk.Plugin) *exec.Cmd {
	t.Helper()
	if _, child := os.LookupEnv(markKey); child {
		t.Fatal("this test binary has no TestMain that calls sdktest.Main")
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatalf("finding the test binary: %v", err)
	}
	// Without a TestMain the process would run tests; that none matches keeps
	// its mistake small.
	cmd := exec.Command(path, "-test.run=^$")
	cmd.Env = []string{markKey + "=" + p.Name}
	return cmd
}

// launch starts the command and describes the plugin.
func launch(t testing.TB, cmd *exec.Cmd) *Client {
	t.Helper()
	for _, key := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(key); ok {
			cmd.Env = append(cmd.Env, key+"="+v)
		}
	}
	c := &Client{t: t, stderr: &buffer{}}
	c.process = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: sdk.CookieKey, MagicCookieValue: sdk.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{pluginv1.ProtocolVersion: {pluginv1.Name: dispensed{}}},
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     startTimeout,
		Logger:           silent{hclog.NewNullLogger()},
		Stderr:           c.stderr,
		SyncStdout:       c.stderr,
		SyncStderr:       c.stderr,
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(sdk.MaxMessage), grpc.MaxCallSendMsgSize(sdk.MaxMessage))},
	})
	t.Cleanup(c.end)
	conn, err := c.process.Client()
	if err != nil {
		t.Fatalf("starting the plugin: %v\nits stderr:\n%s", err, c.stderr)
	}
	api, err := conn.Dispense(pluginv1.Name)
	if err != nil {
		t.Fatalf("starting the plugin: %v", err)
	}
	c.api = api.(pluginv1.PluginClient)
	if c.description, err = c.api.Describe(t.Context(), &pluginv1.DescribeRequest{}); err != nil {
		t.Fatalf("describing the plugin: %v\nits stderr:\n%s", err, c.stderr)
	}
	return c
}

// dispensed makes the client of the contract go-plugin's way.
type dispensed struct{ plugin.NetRPCUnsupportedPlugin }

func (dispensed) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a test has no plugin to serve")
}

func (dispensed) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return pluginv1.NewPluginClient(conn), nil
}

// silent keeps go-plugin from reading the plugin's stderr as its own log, which
// panics on lines that only look like it.
type silent struct{ hclog.Logger }

func (s silent) Named(string) hclog.Logger { return s }
func (s silent) GetLevel() hclog.Level     { return hclog.Off }

// buffer is a bytes.Buffer for several writers.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*buffer)(nil)

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// object is v as a JSON object.
func object(t testing.TB, v any) []byte {
	t.Helper()
	if v == nil {
		return []byte("{}")
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("writing %T as JSON: %v", v, err)
	}
	return b
}
