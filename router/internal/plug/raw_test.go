package plug

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/signalbox/signalbox/sdk"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// raw is a plugin without the SDK: plain go-plugin, no certificates, a few
// words on stdout, and answers that nobody should give.
type raw struct {
	pluginv1.UnimplementedPluginServer
	goplugin.NetRPCUnsupportedPlugin
	stream  bool
	broken  bool
	lingers bool // when its server has ended
	server  *grpc.Server
}

func serveRaw(r *raw) {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: sdk.CookieKey, MagicCookieValue: sdk.CookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{1: {"plugin": r}},
		Logger:           hclog.NewNullLogger(),
		GRPCServer:       func(o []grpc.ServerOption) *grpc.Server { return grpc.NewServer(o...) },
	})
	if r.lingers {
		select {}
	}
	os.Exit(0)
}

func (r *raw) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	r.server = s
	pluginv1.RegisterPluginServer(s, r)
	return nil
}

func (r *raw) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.ErrUnsupported
}

func (r *raw) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	fmt.Println("described on stdout")
	d := &pluginv1.DescribeResponse{Name: "raw", Version: "0"}
	if r.stream {
		d.Capabilities = []string{"stream", "levitation"}
	}
	for _, a := range []string{"ok", "nothing", "no_object", "refuse", "die", "hang", "hang_up", "long"} {
		d.Actions = append(d.Actions, &pluginv1.Action{Name: a})
	}
	return d, nil
}

func (r *raw) Configure(context.Context, *pluginv1.ConfigureRequest) (*pluginv1.ConfigureResponse, error) {
	return &pluginv1.ConfigureResponse{}, nil
}

func (r *raw) Handle(ctx context.Context, q *pluginv1.HandleRequest) (*pluginv1.HandleResponse, error) {
	switch q.Action {
	case "nothing":
		return &pluginv1.HandleResponse{}, nil
	case "no_object":
		return &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Succeeded{Succeeded: &pluginv1.Succeeded{Output: []byte("[1")}}}, nil
	case "refuse":
		return nil, status.Error(codes.InvalidArgument, "I can't read that")
	case "die":
		os.Exit(7)
	case "hang_up":
		go r.server.Stop()
		<-ctx.Done()
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "long":
		return &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Rejected{Rejected: &pluginv1.Rejected{
			PublicMessage: strings.Repeat("x", 5000), Detail: "a\x1b[31mb\nc",
		}}}, nil
	}
	return &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Succeeded{Succeeded: &pluginv1.Succeeded{Output: []byte("{}")}}}, nil
}

// HandleStream answers one call that nobody made, then breaks once; later
// streams work, one call at a time.
func (r *raw) HandleStream(s grpc.BidiStreamingServer[pluginv1.StreamRequest, pluginv1.StreamResponse]) error {
	for {
		q, err := s.Recv()
		if err != nil {
			return err
		}
		if q.GetHandle() == nil {
			continue
		}
		if err := s.Send(&pluginv1.StreamResponse{CorrelationId: q.CorrelationId + 1000}); err != nil {
			return err
		}
		if !r.broken {
			r.broken = true
			return status.Error(codes.Internal, "the stream has hiccups")
		}
		resp, err := r.Handle(s.Context(), q.GetHandle())
		if err != nil {
			return err
		}
		if err := s.Send(&pluginv1.StreamResponse{CorrelationId: q.CorrelationId, Handle: resp}); err != nil {
			return err
		}
	}
}
