package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

// Backend is what the API asks of the daemon. All methods may be called at
// once, and return soon after ctx is done. Their errors are told to the
// operator as they are, and so hold no secret; the router's own (ErrNotFound,
// ErrNotHeld, ErrNotReplayable, ErrNothingToReplay, ErrPayloadGone, ErrFinished,
// ErrNothingToRetry, ErrConflict, ErrJournal, ErrStopping) and InputError decide
// the status.
type Backend interface {
	// Status is cheap: it is asked for by probes.
	Status(ctx context.Context) Status
	// Events returns what router.Journal.Find returns.
	Events(ctx context.Context, q router.Query) ([]router.Record, error)
	// Story returns all that is known of one event, with everything masked
	// that a schema calls sensitive; ErrNotFound.
	Story(ctx context.Context, id string) (*router.Story, error)
	// Plan returns the plan of that digest.
	Plan(digest string) (*router.Plan, error)
	// Replay has deliveries tried again; see router.Router.Replay.
	Replay(ctx context.Context, id string, names []string, freshKey bool) error
	// Retry does now what waits for its next try; see router.Router.Retry.
	Retry(ctx context.Context, id string) error
	// Discard ends what is left of an event; see router.Router.Discard.
	Discard(ctx context.Context, id, why string) error
	// Resolve settles a held event. An InputError says that the verdict lacks
	// what the source's protocol wants of it.
	Resolve(ctx context.Context, id string, v router.Verdict) error
	// Reload loads the configuration again. An error means that nothing has
	// changed. The diagnostics, which may be there in both cases, come as a
	// JSON array of Diagnostic, and as text with the lines they are about.
	Reload(ctx context.Context, force bool) (diagnostics []byte, done Reloaded, err error)
	// DryRun says what Reload would do, and does nothing. The error is of asking;
	// what would be refused is told in the DryRun, whose Diagnostics come beside
	// it as Reload's do.
	DryRun(ctx context.Context, force bool) (diagnostics []byte, run DryRun, err error)
	// Present is what new events are routed by.
	Present() Plan
}

// InputError is what the caller of the API has to correct.
type InputError string

func (e InputError) Error() string { return string(e) }

// Limits of one request.
const (
	// maxBody bounds a request's body: the largest sets reply attributes.
	maxBody = 64 << 10
	// requestTimeout bounds what reads the journal or moves one event.
	requestTimeout = 30 * time.Second
	// reloadTimeout has room for the starts of several plugins, 10 s each.
	reloadTimeout = 90 * time.Second
)

// New returns the API's handler, with metrics at /metrics. It logs what
// operators change, and what fails.
func New(b Backend, metrics http.Handler, log zerolog.Logger) http.Handler {
	s := &server{backend: b, log: log}
	mux := http.NewServeMux()
	for _, e := range []struct {
		method, path string
		timeout      time.Duration
		answer       answer
	}{
		{http.MethodGet, "/v1/status", requestTimeout, bare(s.status)},
		{http.MethodGet, "/v1/events", requestTimeout, s.events},
		{http.MethodGet, "/v1/events/{id}", requestTimeout, bare(s.story)},
		{http.MethodPost, "/v1/events/{id}/replay", requestTimeout, bare(s.replay)},
		{http.MethodPost, "/v1/events/{id}/retry", requestTimeout, bare(s.retry)},
		{http.MethodPost, "/v1/events/{id}/discard", requestTimeout, bare(s.discard)},
		{http.MethodPost, "/v1/events/{id}/resolve", requestTimeout, bare(s.resolve)},
		{http.MethodPost, "/v1/reload", reloadTimeout, bare(s.reload)},
		{http.MethodPost, "/v1/reload/dry-run", reloadTimeout, bare(s.dryRun)},
		{http.MethodGet, "/v1/plan", requestTimeout, bare(s.plan)},
		{http.MethodGet, "/v1/stories", requestTimeout, s.stories},
		{http.MethodGet, "/-/healthy", requestTimeout, s.healthy},
		{http.MethodGet, "/-/ready", requestTimeout, s.ready},
	} {
		mux.Handle(e.method+" "+e.path, s.handler(e.timeout, e.answer))
		mux.Handle(e.path, s.handler(requestTimeout, wrongMethod(e.method)))
	}
	mux.Handle("GET /metrics", metrics)
	mux.Handle("/", s.handler(requestTimeout, func(r *http.Request) (any, error) {
		return nil, &refusal{status: http.StatusNotFound, Refusal: Refusal{Error: "there is nothing at " + r.URL.Path}}
	}))
	return mux
}

type server struct {
	backend Backend
	log     zerolog.Logger
}

// answer gives the document that answers a request.
type answer func(*http.Request) (any, error)

func (s *server) handler(timeout time.Duration, a answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		doc, err := a(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if r.Method == http.MethodPost {
			s.log.Info().Str("method", r.Method).Str("path", r.URL.Path).Msg("an operator's order was carried out")
		}
		s.write(w, r, http.StatusOK, doc)
	})
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	no := refusalOf(err)
	level := zerolog.InfoLevel
	if no.status >= http.StatusInternalServerError {
		level = zerolog.WarnLevel
	}
	s.log.WithLevel(level).Str("method", r.Method).Str("path", r.URL.Path).Int("status", no.status).Err(err).Msg("admin request refused")
	if no.allow != "" {
		w.Header().Set("Allow", no.allow)
	}
	s.write(w, r, no.status, no.Refusal)
}

func (s *server) write(w http.ResponseWriter, r *http.Request, status int, doc any) {
	body, err := json.Marshal(doc)
	if err != nil {
		s.log.Error().Err(err).Str("path", r.URL.Path).Msg("encoding an answer")
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer can't be encoded; the log has more"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An error means that nobody reads any more.
	_, _ = w.Write(append(body, '\n'))
}

// refusal is an answer that is not 200.
type refusal struct {
	status int
	allow  string // the method that the path takes
	Refusal
}

func (e *refusal) Error() string { return e.Refusal.Error }

// bare refuses parameters in the address, where there are none to be had.
func bare(a answer) answer {
	return func(r *http.Request) (any, error) {
		if r.URL.RawQuery != "" {
			return nil, InputError(r.URL.Path + " takes no parameters")
		}
		return a(r)
	}
}

func wrongMethod(allow string) answer {
	return func(r *http.Request) (any, error) {
		return nil, &refusal{
			status: http.StatusMethodNotAllowed, allow: allow,
			Refusal: Refusal{Error: r.URL.Path + " takes " + allow + ", not " + r.Method},
		}
	}
}

// refusalOf finds the status that fits an error.
func refusalOf(err error) *refusal {
	if no, ok := errors.AsType[*refusal](err); ok {
		return no
	}
	no := &refusal{status: http.StatusInternalServerError, Refusal: Refusal{Error: err.Error()}}
	_, input := errors.AsType[InputError](err)
	switch {
	case input:
		no.status = http.StatusBadRequest
	case errors.Is(err, router.ErrNotFound):
		no.status = http.StatusNotFound
	case errors.Is(err, router.ErrNotHeld), errors.Is(err, router.ErrNotReplayable), errors.Is(err, router.ErrPayloadGone),
		errors.Is(err, router.ErrNothingToReplay),
		errors.Is(err, router.ErrFinished), errors.Is(err, router.ErrConflict),
		errors.Is(err, router.ErrNothingToRetry), errors.Is(err, router.ErrNeverRan):
		no.status = http.StatusConflict
	case errors.Is(err, router.ErrJournal), errors.Is(err, router.ErrStopping):
		no.status = http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		no.status = http.StatusGatewayTimeout
	}
	return no
}
