package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// MaxMessage is the size in bytes that an event with its input, or an output,
// may have on the wire.
const MaxMessage = pluginv1.MaxMessage

// CookieKey names the environment variable that signalbox sets, to CookieValue,
// when it starts a plugin.
const (
	CookieKey   = pluginv1.CookieKey
	CookieValue = pluginv1.CookieValue
)

// Serve runs the plugin until its host ends it. It does not return. A program
// that was not started by signalbox is told so on stderr and exits with 1; so
// does a plugin that is put together wrongly.
//
// While it serves, what the program prints goes to signalbox's log: stdout is
// stderr, and only the few bytes of the handshake are on the real one. Nothing
// may be printed to stdout before Serve.
func Serve(p *Plugin) {
	if err := p.wellFormed(); err != nil {
		fmt.Fprintf(os.Stderr, "this plugin can't be served: %v\n", err)
		os.Exit(1)
	}
	if os.Getenv(CookieKey) != CookieValue {
		fmt.Fprintf(os.Stderr, "%s is a plugin of signalbox, which starts it by itself.\n"+
			"Name it in the configuration:\n\n  plugin %q {\n    exec = %q\n  }\n", p.Name, p.Name, executable())
		os.Exit(1)
	}
	if err := divertStdout(); err != nil {
		fmt.Fprintf(os.Stderr, "this plugin can't be served: %v\n", err)
		os.Exit(1)
	}
	go exitWithParent(os.Getppid())
	signal.Reset(syscall.SIGTERM) // the host's last word, after Drain; it must end the process

	var called atomic.Bool
	var once sync.Once
	firstCall := func() {
		once.Do(func() {
			called.Store(true)
			settlePrints()
		})
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: CookieKey, MagicCookieValue: CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{pluginv1.ProtocolVersion: {pluginv1.Name: &served{service: newService(p)}}},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: processStderr}),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts,
				grpc.MaxRecvMsgSize(MaxMessage),
				grpc.MaxSendMsgSize(MaxMessage),
				grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
					firstCall()
					return recovered(ctx, req, next)
				}),
			)...)
		},
	})
	// The library returns when the host has ended the conversation, but also
	// when it never began; it has said why on stderr.
	if !called.Load() {
		os.Exit(1)
	}
	os.Exit(0)
}

// served makes the service a plugin of go-plugin.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	service *service
}

func (s *served) GRPCServer(_ *plugin.GRPCBroker, r *grpc.Server) error {
	pluginv1.RegisterPluginServer(r, s.service)
	return nil
}

func (s *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin has no client")
}

// wellFormed finds what would make the plugin useless, before a host does.
func (p *Plugin) wellFormed() error {
	if p.Name == "" {
		return errors.New("it has no Name")
	}
	seen := map[string]bool{}
	for i := range p.Actions {
		a := &p.Actions[i]
		switch {
		case a.Name == "":
			return fmt.Errorf("action %d has no Name", i+1)
		case a.Handle == nil:
			return fmt.Errorf("action %q has no Handle", a.Name)
		case seen[a.Name]:
			return fmt.Errorf("there are two actions %q", a.Name)
		}
		seen[a.Name] = true
	}
	if _, err := p.describe(); err != nil {
		return err
	}
	return nil
}

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
