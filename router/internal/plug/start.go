package plug

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// start starts the program and lets it describe itself. After an error nothing
// of it is left.
func start(ctx context.Context, p Program, o Options) (*instance, error) {
	ctx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	if err := p.verify(); err != nil {
		return nil, fmt.Errorf("starting plugin %q: %w", p.Name, err)
	}
	i := &instance{slots: make(chan struct{}, pluginv1.MaxInFlight), idle: make(chan struct{})}
	hidden := router.Hide(p.Secrets, givenMost)
	i.given = veil{}.and(hidden)
	i.veil.Store(&i.given)
	out := &lines{log: o.Log.With().Str("plugin", p.Name).Logger()}
	out.hide(hidden)
	// The variables of the handshake are known only when go-plugin asks for the
	// runner; the process must be known before, to be killed at ctx's end.
	i.process = newProcess(p.Path, p.Args, p.environment(), out)
	config := &goplugin.ClientConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: pluginv1.CookieKey, MagicCookieValue: pluginv1.CookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{pluginv1.ProtocolVersion: {pluginv1.Name: contract{}}},
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
			i.process.cmd.Env = append(i.process.cmd.Env, spec.Env...)
			return i.process, nil
		},
		SkipHostEnv:      true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         p.MTLS,
		StartTimeout:     o.StartTimeout + time.Second, // ctx decides
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: o.SocketDir},
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       printed{out, "stdout"},
		SyncStderr:       printed{out, ""},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithStatsHandler(sentMark{}),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(pluginv1.MaxMessage), grpc.MaxCallSendMsgSize(pluginv1.MaxMessage)),
		},
	}
	i.client = goplugin.NewClient(config)

	// go-plugin's calls know no context; they end when the process does.
	stop := context.AfterFunc(ctx, i.process.kill)
	err := i.connect(ctx, config)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		i.kill()
		return nil, fmt.Errorf("starting plugin %q: %w", p.Name, i.startError(ctx, err, o.StartTimeout))
	}
	return i, nil
}

func (i *instance) connect(ctx context.Context, config *goplugin.ClientConfig) error {
	if _, err := i.client.Start(); err != nil {
		return &handshakeError{err}
	}
	if config.AutoMTLS && config.TLSConfig.RootCAs == nil {
		return errors.New("it does not encrypt its connection; set mtls = false, if that is meant to be")
	}
	connection, err := i.client.Client()
	if err != nil {
		return err
	}
	conn, err := connection.Dispense(pluginv1.Name)
	if err != nil {
		return err
	}
	i.conn = conn.(*grpc.ClientConn)
	i.api = pluginv1.NewPluginClient(i.conn)
	resp, err := i.api.Describe(ctx, &pluginv1.DescribeRequest{})
	if err != nil {
		return fmt.Errorf("it does not describe itself: %s", text(failure(err), i.given, detailMax))
	}
	if i.description, err = describe(resp); err != nil {
		return fmt.Errorf("it describes itself wrongly: %w", err)
	}
	life, cancel := context.WithCancel(context.Background())
	i.cancel = cancel
	if i.description.stream {
		i.stream = newStream(life, i.api)
	}
	i.watcher.Go(func() { i.watch(life) })
	return nil
}

// handshakeError: there was no conversation.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// startError says why a start failed, and quotes what the program said. It is
// called when the process has ended.
func (i *instance) startError(ctx context.Context, err error, timeout time.Duration) error {
	var handshake *handshakeError
	first := i.process.firstLine()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("it was not ready within %v", timeout)
	case ctx.Err() != nil:
		err = ctx.Err()
	case !errors.As(err, &handshake) || i.process.pid() == 0:
	case first != "" && strings.Count(first, "|") < 3:
		err = fmt.Errorf("it printed %q to stdout, where nothing but the handshake may be before it is ready", cut(printable(i.given.over(first)), tailWidth))
	case first == "":
		err = fmt.Errorf("it ended before it was ready: %s", i.process.ended())
	}
	if last := i.process.lines.last(); len(last) > 0 {
		return fmt.Errorf("%w; it said:\n  %s", err, strings.Join(last, "\n  "))
	}
	return err
}

// contract gets the connection out of go-plugin.
type contract struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (contract) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves no plugin")
}

func (contract) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// printed takes what a plugin on go-plugin's own SDK prints, which that sends
// over the connection.
type printed struct {
	lines  *lines
	stream string
}

func (p printed) Write(b []byte) (int, error) {
	p.lines.read(strings.NewReader(string(b)), p.stream)
	return len(b), nil
}
