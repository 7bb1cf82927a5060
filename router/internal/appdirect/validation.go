package appdirect

import (
	"cmp"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// During a checkout the marketplace posts the form that the customer filled in,
// to have the product's settings checked (AppDirect documentation, "Product
// settings validation"). It waits for the answer, and nobody else ever does: the
// event is routed as others are, and lives no longer than that.

// validation is the checked order_validation block.
type validation struct {
	path      string          // as it is asked for
	keys      []router.Secret // the newest first; none where none is needed
	timeout   time.Duration
	onFailure string
	kept      bool
}

// validationBlock is the order_validation block as it is decoded.
type validationBlock struct {
	Path           string `json:"path"`
	Secret         string `json:"secret"`
	PreviousSecret string `json:"previous_secret"`
	Timeout        string `json:"timeout"`
	OnFailure      string `json:"on_failure"`
	JournalValues  bool   `json:"journal_values"`
}

const (
	validationPath = "validate"
	// keyParameter holds the secret, in the address that the vendor enters in
	// the marketplace.
	keyParameter = "key"
	// longestTimeout: AppDirect does not say for how long a checkout waits. This
	// is a guess; a customer hardly waits longer.
	longestTimeout = 30 * time.Second
	// shortestKey: nothing slows down who tries keys.
	shortestKey = 16
	// maxForm is far above the settings of a product, and maxFields the number of
	// their values.
	maxForm   = 64 << 10
	maxFields = 500
)

func validationSchema() router.Block {
	return router.Block{
		Name: "order_validation",
		Doc: `Takes the product settings validation that the marketplace posts during a checkout, as events of the type ORDER_VALIDATION with payload.fields; a field that is given more than once has its values on lines of their own. ` +
			`AppDirect sends it without credentials (its own SDK serves it below "/unsecured"): give the address a key. Routes that name no types take it too.`,
		Schema: router.Schema{Attrs: []router.Attr{
			preset("path", validationPath, `Where it is posted to, below the source's path.`),
			secret("secret", `What the address must have as its parameter "key"; then enter it in the marketplace with ?key=….`, false),
			secret("previous_secret", "The secret that it replaces, while it is still in use.", false),
			{Name: "timeout", Type: json.RawMessage(`"string"`), Doc: "How long the customer waits for the answer; as long as reply_within if it is not given."},
			preset("on_failure", levelWarn, `What is told when the settings could not be checked in time: "WARN" lets the customer go on, "ERROR" does not. `+
				`A checkout that stops because a system of yours is down is a lost sale; one that goes on becomes an order, whose own deliveries check the same again and are retried for hours. Where they don't, use "ERROR".`),
			{Name: "journal_values", Type: json.RawMessage(`"bool"`), Default: json.RawMessage(`false`),
				Doc: "Whether these events are journaled, with all that the customer filled in. By default they are only in memory, and their failures only in the log. It needs secret: anybody could fill the journal."},
		}},
	}
}

// readValidation checks the block; nil means that there is none.
func readValidation(b *validationBlock, mount string, replyWithin time.Duration) (*validation, error) {
	if b == nil {
		return nil, nil
	}
	refuse := func(format string, args ...any) (*validation, error) {
		return nil, router.Setting("order_validation", format, args...)
	}
	below := "/" + cmp.Or(b.Path, validationPath)
	if !isContextPath(below) || below == tokenPath {
		return refuse("path: %q can't be a path below the source's: it is of letters, digits, _ and -, with / only in between", b.Path)
	}
	v := &validation{
		path: strings.TrimSuffix(mount, "/") + below, timeout: replyWithin, onFailure: cmp.Or(b.OnFailure, levelWarn), kept: b.JournalValues,
	}
	if b.Timeout != "" {
		var err error
		if v.timeout, err = parseDuration(b.Timeout); err != nil {
			return refuse("timeout: %w", err)
		}
		if v.timeout > longestTimeout {
			return refuse("timeout: %s is longer than %s, which no customer waits", v.timeout, longestTimeout)
		}
	}
	switch {
	case v.onFailure != levelWarn && v.onFailure != levelError:
		return refuse("on_failure: %q is neither %q nor %q", v.onFailure, levelWarn, levelError)
	case b.Secret == "" && b.PreviousSecret != "":
		return refuse("previous_secret needs secret")
	case b.Secret == "" && v.kept:
		return refuse("journal_values needs secret: anybody could fill the journal")
	case b.Secret != "" && len(b.Secret) < shortestKey || b.PreviousSecret != "" && len(b.PreviousSecret) < shortestKey:
		return refuse("a secret must have at least %d characters", shortestKey)
	case b.Secret != "":
		v.keys = newestFirst(b.Secret, b.PreviousSecret)
	}
	return v, nil
}

// isFor reports whether the request is for the form.
func (v *validation) isFor(r *http.Request) bool { return v != nil && r.URL.EscapedPath() == v.path }

// Why a form is refused. The words quote nothing of it.
var (
	errForm    = errors.New("the form can't be read: it must be application/x-www-form-urlencoded, in UTF-8 and of a sensible size")
	errPost    = errors.New("a product settings validation must be a POST")
	errFormKey = &CredentialError{Reason: `the parameter "key" of a product settings validation is missing or wrong`}
)

// receiveForm is Receive for the form.
func (s *Source) receiveForm(r *http.Request, body []byte) (router.Notice, *router.Response, error) {
	refuse := func(status int, err error) (router.Notice, *router.Response, error) {
		return router.Notice{}, respondEntries(status, s.validation.unchecked()), err
	}
	if r.Method != http.MethodPost {
		_, resp, err := refuse(http.StatusMethodNotAllowed, errPost)
		resp.Header.Set("Allow", http.MethodPost)
		return router.Notice{}, resp, err
	}
	if !s.validation.opens(r.URL.RawQuery) {
		return refuse(http.StatusUnauthorized, errFormKey)
	}
	if !isForm(r.Header.Get("Content-Type")) {
		return refuse(http.StatusUnsupportedMediaType, errForm)
	}
	if _, err := readForm(body); err != nil {
		return refuse(http.StatusBadRequest, err)
	}
	return router.Notice{
		Source: s.name, Type: typeOrderValidation, Unkept: !s.validation.kept, Body: body, Format: formatJSON,
		RequestID: bounded(r.Header.Get("X-Request-Id"), maxRequestID), Received: s.now(),
	}, nil, nil
}

// opens reports whether a query has the key, once.
func (v *validation) opens(query string) bool {
	if len(v.keys) == 0 {
		return true
	}
	params, err := oauth.ParseQuery(query)
	if err != nil {
		return false
	}
	given := slices.DeleteFunc(params, func(p oauth.Param) bool { return p.Name != keyParameter })
	return len(given) == 1 && find(v.keys, given[0].Value) >= 0
}

func isForm(contentType string) bool {
	name, params, err := mime.ParseMediaType(contentType)
	return err == nil && name == formType && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

// readForm reads the fields of a form. The values of one that repeats stand on
// lines of their own: in a list of choices none has a line break.
func readForm(body []byte) (map[string]string, error) {
	if len(body) > maxForm {
		return nil, errForm
	}
	values, n := map[string][]string{}, 0
	for piece := range strings.SplitSeq(string(body), "&") {
		if piece == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(piece, "=")
		name, err := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if err != nil || valueErr != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errForm
		}
		if n++; n > maxFields {
			return nil, errForm
		}
		if name == "" {
			continue
		}
		values[name] = append(values[name], value)
	}
	fields := make(map[string]string, len(values))
	for name, all := range values {
		fields[name] = strings.Join(all, "\n")
	}
	return fields, nil
}

// formPayload is the payload of an ORDER_VALIDATION.
type formPayload struct {
	Fields map[string]string `json:"fields"`
}

// fetchForm is Fetch for the form, which the notice carries.
func (s *Source) fetchForm(n router.Notice) (router.Event, error) {
	fields, err := readForm(n.Body)
	if err != nil {
		return router.Event{}, refused(codeInvalidResponse, messageUnreadable, err)
	}
	payload, err := writeTree(formPayload{fields})
	if err != nil {
		return router.Event{}, refused(codeInvalidResponse, messageUnreadable, err)
	}
	return router.Event{
		Source: n.Source, Type: typeOrderValidation, Received: n.Received, Payload: payload, Extra: belonging{}.extra(), Raw: n.Body, Notice: n,
	}, nil
}
