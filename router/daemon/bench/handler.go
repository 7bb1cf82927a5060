package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// handler measures what an HTTP server can do that only verifies the
// signature, or, with a marketplace, fetches the event too.
func (b *bench) handler(ctx context.Context, concurrency int, marketplace ...string) (f Figures, err error) {
	served, err := b.start(ctx, append([]string{"handler"}, marketplace...)...)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, served.stop()) }()
	m, err := b.notifyAll(ctx, served.URL, concurrency, served.pid())
	if err != nil {
		return f, err
	}
	return m.figures(), nil
}

// ServeHandler is the process that verifies signatures, until in ends. With a
// marketplace it fetches what it is notified of, as the source does.
func ServeHandler(marketplace string, in io.Reader, out io.Writer) error {
	check, err := verifier()
	if marketplace != "" {
		check, err = fetcher(marketplace)
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{ReadTimeout: answerWithin, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := check(req); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// Whoever has gone needs no answer.
		_, _ = io.WriteString(w, `{"success":true}`)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = serveUntilEOF(ready{URL: "http://" + listener.Addr().String()}, in, out)
	server.Close()
	if failed := <-served; !errors.Is(failed, http.ErrServerClosed) {
		err = errors.Join(err, failed)
	}
	return err
}

// verifier checks a request's signature and nothing else.
func verifier() (func(*http.Request) error, error) {
	secret := router.NewSecret([]byte(consumerSecret))
	v := oauth.Verifier{
		Secrets: func(key string) []router.Secret {
			if key != consumerKey {
				return nil
			}
			return []router.Secret{secret}
		},
		Window: time.Minute,
		Now:    time.Now,
	}
	public, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("reading the public address: %w", err)
	}
	return func(req *http.Request) error {
		signed := *req.URL
		signed.Scheme, signed.Host = public.Scheme, public.Host
		_, err := v.Verify(req.Method, &signed, req.Header.Values("Authorization"))
		return err
	}, nil
}

// fetcher receives and fetches as the daemon's source does.
func fetcher(marketplace string) (func(*http.Request) error, error) {
	config, err := json.Marshal(map[string]any{
		"marketplaces": []string{marketplace},
		"oauth1":       []map[string]string{{"consumer_key": consumerKey, "consumer_secret": consumerSecret}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the source's configuration: %w", err)
	}
	source, err := appdirect.New("appdirect.bench", router.NewSecret(config), router.SourceDeps{
		PublicURL: publicURL, Path: sourcePath, Log: zerolog.Nop(), Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	return func(req *http.Request) error {
		notice, refusal, err := source.Receive(req, nil)
		if err != nil || refusal != nil {
			return errors.Join(err, errors.New("the notification was refused"))
		}
		ctx, cancel := context.WithTimeout(req.Context(), answerWithin)
		defer cancel()
		_, err = source.Fetch(ctx, notice)
		return err
	}, nil
}
