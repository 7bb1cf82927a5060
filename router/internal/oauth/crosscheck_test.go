package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

const (
	// crossSeed makes the same requests every time.
	crossSeed = 5849
	// crossRequests is so many that each counterpart is left with its thousand
	// behind its exclusions. SIGNALBOX_REQUESTS makes them more.
	crossRequests = 2500
	crossAtLeast  = 1000
	// crossShown is how many disagreements are shown; one fault makes hundreds.
	crossShown = 5
	// crossTime is what one counterpart may take; the slowest needs ten seconds
	// for those, and two minutes for .ci/long's.
	crossTime = 10 * time.Minute
)

// counterparts are the programs that our signatures are held against: the
// command, and one that succeeds where it can be run.
var counterparts = []struct {
	name, debian string
	command      []string
	probe        []string
}{
	// The system's own Python, which sees Debian's modules.
	{"oauthlib", "python3-oauthlib", []string{"/usr/bin/python3", "testdata/counterparts/oauthlib_peer.py"}, []string{"/usr/bin/python3", "-c", "import oauthlib"}},
	{"Net::OAuth", "libnet-oauth-perl", []string{"/usr/bin/perl", "testdata/counterparts/net_oauth_peer.pl"}, []string{"/usr/bin/perl", "-MNet::OAuth", "-e1"}},
	{"oauth-1.0a", "nodejs and node-oauth-1.0a", []string{"node", "testdata/counterparts/oauth_1.0a_peer.js"}, []string{"node", "-e", "require('oauth-1.0a')"}},
}

// nodePath is where Debian keeps modules of Node.js.
const nodePath = "NODE_PATH=/usr/share/nodejs"

// crossJob asks a counterpart to sign, or to verify what was signed.
type crossJob struct {
	Do        string `json:"do"`
	Method    string `json:"method"`
	URL       string `json:"url"`
	Place     string `json:"place"`
	Key       string `json:"key"`
	Secret    string `json:"secret"`
	Nonce     string `json:"nonce"`
	Timestamp string `json:"timestamp"`
	Realm     string `json:"realm"`
	Header    string `json:"header"`
}

type crossAnswer struct {
	URL, Header, Base, Error string
	Valid                    bool
}

// TestCrossCheck lets software that is not ours verify what we sign and sign
// what we verify. Where it disagrees, either we are wrong or the request is of
// a class in which the counterpart does not keep to RFC 5849 (exclusions).
func TestCrossCheck(t *testing.T) {
	n := crossRequests
	if text := os.Getenv("SIGNALBOX_REQUESTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < crossRequests {
			t.Fatalf("SIGNALBOX_REQUESTS is %q, want a number from %d", text, crossRequests)
		}
	}
	requests := generate(crossSeed, n)
	t.Logf("%d requests of the seed %d", len(requests), crossSeed)
	for _, c := range counterparts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), crossTime)
			defer cancel()
			if command(ctx, c.probe).Run() != nil {
				if os.Getenv("CI") == "true" {
					t.Fatalf("%s is not installed (Debian: %s)", c.name, c.debian)
				}
				t.Skipf("%s is not installed (Debian: %s)", c.name, c.debian)
			}
			crossCheck(t, ctx, c.name, c.command, requests)
		})
	}
}

// crossCheck has three jobs for each request: sign it, verify ours, and verify
// ours after somebody changed it.
func crossCheck(t *testing.T, ctx context.Context, name string, line []string, requests []crossRequest) {
	var jobs []crossJob
	for i, r := range requests {
		jobs = append(jobs, r.job("sign"), r.signed(t), r.tampered(t, i))
	}
	answers := ask(t, ctx, line, jobs)
	agreed, failed, needed := 0, 0, map[string]bool{}
	for i, r := range requests {
		theirs, ours, tampered := answers[3*i], answers[3*i+1], answers[3*i+2]
		signed, classes := r.acceptsTheirs(theirs), r.classes(name)
		switch agrees := signed == nil && ours.Valid; {
		case tampered.Valid:
			t.Errorf("%s\nit accepts what somebody changed: %+v", r, jobs[3*i+2])
			failed++
		case agrees && len(classes) == 0:
			agreed++
		case !agrees && len(classes) == 1:
			needed[classes[0]] = true
		case !agrees && len(classes) == 0:
			t.Errorf("%s\nwe say of its signature: %v\n it signed   %s\nit says of ours: valid %t, %s\n it expected %s\nwe signed    %s",
				r, signed, theirs.Base, ours.Valid, ours.Error, ours.Base, r.base(t))
			failed++
		}
		if failed == crossShown {
			t.Fatal("and so on")
		}
	}
	t.Logf("%d agree; %d exclusions", agreed, len(exclusions[name]))
	if agreed < crossAtLeast {
		t.Errorf("%d requests agree, want at least %d", agreed, crossAtLeast)
	}
	for _, e := range exclusions[name] {
		if !needed[e.class] {
			t.Errorf("the exclusion %q is not needed: it gets such requests right", e.class)
		}
	}
}

// command runs a program so that Node.js finds what Debian installed.
func command(ctx context.Context, line []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = append(os.Environ(), nodePath)
	return cmd
}

// ask has one process do all the jobs.
func ask(t *testing.T, ctx context.Context, line []string, jobs []crossJob) []crossAnswer {
	t.Helper()
	if _, err := os.Stat(line[1]); err != nil { // asked here, so that go test runs again once the program has changed
		t.Fatal(err)
	}
	var in, complaint bytes.Buffer
	for _, j := range jobs {
		if err := json.NewEncoder(&in).Encode(j); err != nil {
			t.Fatal(err)
		}
	}
	cmd := command(ctx, line)
	cmd.Stdin, cmd.Stderr = &in, &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running %q: %v\n%s", line, err, complaint.String())
	}
	var answers []crossAnswer
	for line := range bytes.Lines(out) {
		var a crossAnswer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("reading %q: %v", line, err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(jobs) {
		t.Fatalf("%d answers to %d jobs\n%s", len(answers), len(jobs), complaint.String())
	}
	return answers
}

func (r crossRequest) job(do string) crossJob {
	place := "header"
	if r.InQuery {
		place = "query"
	}
	return crossJob{
		Do: do, Method: r.Method, URL: r.Address, Place: place, Key: r.Key, Secret: r.Secret, Nonce: r.Nonce,
		Timestamp: strconv.FormatInt(r.At, 10), Realm: r.Realm,
	}
}

func (r crossRequest) signer() Signer {
	return Signer{
		Key: r.Key, Secret: secret(r.Secret), Now: func() time.Time { return time.Unix(r.At, 0) },
		Nonce: func() string { return r.Nonce },
	}
}

// signed is the job to verify our signature.
func (r crossRequest) signed(t *testing.T) crossJob {
	t.Helper()
	j, address := r.job("verify"), parse(t, r.Address)
	var err error
	if r.InQuery {
		var u *url.URL
		if u, err = r.signer().Query(r.Method, address); err == nil {
			j.URL = u.String()
		}
	} else {
		j.Header, err = r.signer().Header(r.Method, address)
		if r.Realm != "" { // which we never send, and others do
			j.Header = strings.Replace(j.Header, "OAuth ", `OAuth realm="`+r.Realm+`", `, 1)
		}
	}
	if err != nil {
		t.Fatalf("signing %s: %v", r, err)
	}
	return j
}

// tampered is what somebody made of the i-th request behind our back.
func (r crossRequest) tampered(t *testing.T, i int) crossJob {
	t.Helper()
	j := r.signed(t)
	switch i % 3 {
	case 0:
		j.Secret += "x"
	case 1:
		j.Method = map[string]string{"GET": "POST", "POST": "GET"}[j.Method]
	case 2:
		changed := parse(t, j.URL)
		changed.Host = "other.example.com"
		j.URL = changed.String()
	}
	return j
}

// acceptsTheirs verifies what a counterpart signed, and that we do not when
// the secret is another.
func (r crossRequest) acceptsTheirs(a crossAnswer) error {
	if a.Error != "" {
		return errors.New(a.Error)
	}
	address, err := url.Parse(a.URL)
	if err != nil {
		return err
	}
	var headers []string
	if a.Header != "" {
		headers = []string{r.relay(a.Header)}
	}
	verify := func(s string) error {
		v := Verifier{
			Secrets: func(string) []router.Secret { return []router.Secret{secret(s)} },
			Window:  time.Second, Now: func() time.Time { return time.Unix(r.At, 0) },
		}
		key, err := v.Verify(r.Method, address, headers)
		if err == nil && key != r.Key {
			return errors.New("it is signed by " + key)
		}
		return err
	}
	if err := verify(r.Secret); err != nil {
		return err
	}
	var refused *Error
	if err := verify(r.Secret + "x"); !errors.As(err, &refused) || refused.Kind != Mismatch {
		return errors.New("we accept it with another secret too")
	}
	return nil
}

// classes names the classes of the counterpart's exclusions that the request
// is of.
func (r crossRequest) classes(counterpart string) []string {
	var classes []string
	for _, e := range exclusions[counterpart] {
		if e.has(r) {
			classes = append(classes, e.class)
		}
	}
	return classes
}

// base is the base string that we sign.
func (r crossRequest) base(t *testing.T) string {
	t.Helper()
	base, err := BaseString(r.Method, parse(t, r.Address), []Param{
		{paramConsumerKey, r.Key}, {paramNonce, r.Nonce}, {paramMethod, signatureMethod},
		{paramTimestamp, strconv.FormatInt(r.At, 10)}, {paramVersion, version10},
	})
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // the generator writes no address that can't be read
	}
	return u
}
