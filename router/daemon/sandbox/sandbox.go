package sandbox

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

//go:embed config.hcl
var configTemplate string

// The credentials of the sandbox and of the reference configuration. They
// guard nothing: both are reached from this machine only.
const (
	username = "sandbox-store"
	password = "sandbox-password"
	apiKey   = "0123456789ABCDEF0123456789ABCDEF"
)

// Options are what Play is told.
type Options struct {
	Out     io.Writer
	Log     zerolog.Logger
	Version string
	// Keep leaves everything serving after the show, until ctx is done.
	Keep bool
}

// ErrShow: something in the show was not as it should be; Play has printed it.
var ErrShow = errors.New("the sandbox did not end as it should")

// sandbox is everything that runs during the show.
type sandbox struct {
	opt         Options
	dir         string
	marketplace *simulate.Marketplace
	stripe      *simulate.Stripe
	hubspot     *simulate.HubSpot
	mail        *simulate.Mailbox
	store       simulate.Store
	daemon      *daemon.Daemon
	finished    chan struct{} // poked when an event has finished
	show        *show
}

// Play runs the show. It returns nil if every event ended as it should.
func Play(ctx context.Context, opt Options) error {
	s := &sandbox{opt: opt, finished: make(chan struct{}, 1), show: &show{out: opt.Out}}
	defer s.stop()
	s.show.title("signalbox sandbox: everything runs on this machine")
	if err := s.start(ctx); err != nil {
		return err
	}
	s.introduce()
	s.play(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.summary()
	if opt.Keep {
		s.invite()
		<-ctx.Done()
	}
	if s.show.failures > 0 {
		return ErrShow
	}
	return nil
}

// start brings everything up, the daemon last.
func (s *sandbox) start(ctx context.Context) error {
	var err error
	if s.dir, err = os.MkdirTemp("", "signalbox-sandbox-"); err != nil {
		return fmt.Errorf("making a directory for the sandbox: %w", err)
	}
	s.marketplace = simulate.NewMarketplace(simulate.Options{
		ConsumerKey: daemon.LocalConsumerKey, ConsumerSecret: router.NewSecret([]byte(daemon.LocalConsumerSecret)),
		CallbackWithin: callbackWithin, Log: s.opt.Log,
	})
	standIn := simulate.StandIn{Log: s.opt.Log}
	s.stripe, s.hubspot, s.mail = simulate.NewStripe(standIn), simulate.NewHubSpot(standIn), simulate.NewMailbox(standIn)
	for _, part := range []interface{ Start() error }{s.marketplace, s.stripe, s.hubspot, s.mail} {
		if err := part.Start(); err != nil {
			return fmt.Errorf("starting the sandbox: %w", err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	public := "http://" + listener.Addr().String()
	path, err := s.writeConfig(public)
	if err != nil {
		listener.Close()
		return err
	}
	d, diags, err := daemon.New(ctx, daemon.Options{
		ConfigPath: path, Log: s.opt.Log, Version: s.opt.Version, Listener: listener, Observe: s.observe,
	})
	if diags != nil && diags.Len() > 0 {
		if err := diags.Write(s.opt.Out, false, 0); err != nil {
			return err
		}
	}
	if err != nil {
		listener.Close()
		return err
	}
	s.daemon = d
	s.store = simulate.Store{
		URL: public + "/subscriptionbridge/EventRequest", Username: username,
		Password: router.NewSecret([]byte(password)), APIKey: router.NewSecret([]byte(apiKey)),
	}
	return d.Start(ctx)
}

func (s *sandbox) writeConfig(public string) (path string, err error) {
	t, err := template.New("config").Parse(configTemplate)
	if err != nil {
		return "", fmt.Errorf("reading the sandbox's configuration: %w", err)
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{
		"Public": public, "StateDir": filepath.Join(s.dir, "state"), "Marketplace": s.marketplace.URL(),
		"ConsumerKey": daemon.LocalConsumerKey, "ConsumerSecret": daemon.LocalConsumerSecret,
		"Username": username, "Password": password, "APIKey": apiKey,
		"Stripe": s.stripe.URL(), "HubSpot": s.hubspot.URL(), "MailHost": s.mail.Host(), "MailPort": s.mail.Port(),
		"OrderAttempts": orderAttempts,
	})
	if err != nil {
		return "", fmt.Errorf("writing the sandbox's configuration: %w", err)
	}
	path = filepath.Join(s.dir, "config.hcl")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("writing the sandbox's configuration: %w", err)
	}
	return path, nil
}

// Limits of the show: callbacks come within a few retries, and the daemon has
// nothing left to finish but those.
const (
	callbackWithin = 30 * time.Second
	finishWithin   = 10 * time.Second
	stopWithin     = 10 * time.Second
)

func (s *sandbox) stop() {
	if s.daemon != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		s.daemon.Stop(ctx)
	}
	if s.marketplace != nil {
		s.marketplace.Stop()
		s.stripe.Stop()
		s.hubspot.Stop()
		s.mail.Stop()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// observe is told of every finished event.
func (s *sandbox) observe(string) {
	select {
	case s.finished <- struct{}{}:
	default:
	}
}
