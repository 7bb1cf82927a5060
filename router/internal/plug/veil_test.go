package plug

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

func hidden(texts ...string) router.Hidden { return router.Hide(texts, callMost) }

// printing is what the log has of what a plugin prints, and what is quoted of it.
type printing struct {
	lines
	log bytes.Buffer
}

func newPrinting(texts ...string) *printing {
	p := &printing{}
	p.lines.log = zerolog.New(&p.log)
	p.hide(hidden(texts...))
	return p
}

// of gives the entry of a line, and the line as it would be quoted.
func (p *printing) of(t *testing.T, line string) (entry, quoted string) {
	t.Helper()
	p.log.Reset()
	p.take(line, "")
	last := p.last()
	return strings.TrimSpace(p.log.String()), last[len(last)-1]
}

// TestLinesAreRead: a secret is found in whichever escapes it was printed, and
// what only looks like one in the form of a line is left.
func TestLinesAreRead(t *testing.T) {
	const secret = "pl4nted/9f+8a=="
	for name, tc := range map[string]struct{ secret, line, want, quoted string }{
		"the escapes of php":  {secret, `{"level":"error","message":"bad key pl4nted\/9f+8a=="}`, `{"level":"error","message":"bad key (secret)"}`, `{"level":"error","message":"bad key (secret)"}`},
		"the escapes of .net": {secret, `{"level":"error","message":"bad key pl4nted/9f\u002B8a=="}`, `{"level":"error","message":"bad key (secret)"}`, `{"level":"error","message":"bad key (secret)"}`},
		"a field":             {secret, `{"level":"warn","message":"m","key":"=pl4nted\/9f+8a==","n":12345678901234567890}`, `{"key":"=(secret)","level":"warn","message":"m","n":12345678901234567890}`, ""},
		"below a field":       {secret, `{"level":"warn","message":"m","o":{"a":["pl4nted\/9f+8a=="],"b":true}}`, `{"level":"warn","message":"m","o":{"a":["(secret)"],"b":true}}`, ""},
		"a name":              {secret, `{"level":"warn","message":"m","pl4nted\/9f+8a==":{"pl4nted\/9f+8a==":1}}`, `{"(secret)":{"(secret)":1},"level":"warn","message":"m"}`, ""},
		"a number":            {"4929123412341234", `{"level":"warn","message":"m","card":4929123412341234}`, `{"card":"(secret)","level":"warn","message":"m"}`, ""},
		"said twice":          {secret, `{"level":"warn","message":"pl4nted\/9f\u002B8a==","message":"m"}`, `{"level":"warn","message":"m"}`, `{"level":"warn","message":"m"}`},
		"of another form":     {secret, `{"msg":"pl4nted\/9f\u002B8a=="}`, `{"level":"info","message":"{\"msg\":\"(secret)\"}"}`, `{"msg":"(secret)"}`},
		"no JSON":             {secret, `{"msg":"pl4nted\/9f+8a=="} ` + "and more", `{"level":"info","message":"{\"msg\":\"(secret)\"} and more"}`, `{"msg":"(secret)"} and more`},
		"as odd a level":      {secret, `{"level":"pl4nted\/9f+8a==","message":"m"}`, `{"level":"info","message":"m"}`, `{"level":"info","message":"m"}`},
		"no level at all":     {secret, `{"level":["pl4nted\/9f+8a=="],"message":"m"}`, `{"level":"info","message":"{\"level\":[\"(secret)\"],\"message\":\"m\"}"}`, ""},
		"the word of a level": {"warning", `{"level":"warning","message":"disk almost full: a warning"}`, `{"level":"warn","message":"disk almost full: a (secret)"}`, `{"level":"warn","message":"disk almost full: a (secret)"}`},
		"the word of a name":  {"message", `{"level":"error","message":"it failed"}`, `{"level":"error","message":"it failed"}`, `{"level":"error","message":"it failed"}`},
		"html":                {secret, `{"level":"error","message":"<b> & c"}`, `{"level":"error","message":"<b> & c"}`, `{"level":"error","message":"<b> & c"}`},
	} {
		t.Run(name, func(t *testing.T) {
			entry, quoted := newPrinting(tc.secret).of(t, tc.line)
			if got := sorted(t, entry); got != sorted(t, tc.want) {
				t.Errorf("the log has %s, want %s", got, tc.want)
			}
			if tc.quoted != "" && quoted != tc.quoted {
				t.Errorf("quoted as %s, want %s", quoted, tc.quoted)
			}
		})
	}
}

// sorted is JSON with its names in order.
func sorted(t *testing.T, doc string) string {
	t.Helper()
	fields, err := fieldsOf(doc)
	if err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return encoded(fields)
}

// TestCallIsVeiledWhileItRuns: however many others come and go.
func TestCallIsVeiledWhileItRuns(t *testing.T) {
	p := newPrinting()
	const secret = "hunter2-of-the-slow-call"
	ended := p.hideCall(hidden(secret))
	pass := func(n int) {
		for i := range n {
			p.hideCall(hidden(fmt.Sprintf("password-%d", i)))()
		}
	}
	shown := func() string {
		entry, _ := p.of(t, "giving up with "+secret)
		return entry
	}
	pass(2 * recentMax)
	if got := shown(); strings.Contains(got, secret) {
		t.Errorf("while it is in flight: %s", got)
	}
	ended()
	pass(recentMax - 1)
	if got := shown(); strings.Contains(got, secret) {
		t.Errorf("when it has ended, as last of all that were in flight: %s", got)
	}
	pass(1)
	if got := shown(); !strings.Contains(got, secret) {
		t.Errorf("it is looked for for ever: %s", got)
	}
}

// TestVeilsAreBounded: by bytes, whatever calls are given.
func TestVeilsAreBounded(t *testing.T) {
	big := hidden(strings.Repeat("a1B2c3D4", callMost/8-pieceRoom))
	if big.Size() == 0 {
		t.Fatal("it is not looked for")
	}
	var v veils
	now := time.Now()
	flying := make([]router.Hidden, pluginv1.MaxInFlight)
	for i := range flying {
		flying[i] = v.begin(big)
	}
	if v.flight > flightMost || v.over.Over("shown") == "shown" {
		t.Errorf("%d bytes are looked for in flight; of what is not looked for all is shown", v.flight)
	}
	for _, h := range flying {
		v.end(h, now)
	}
	if v.flight != 0 || v.recentSize > recentMost || v.recentSize != len(v.recent)*big.Size() {
		t.Errorf("%d bytes in flight, %d of %d recent calls", v.flight, v.recentSize, len(v.recent))
	}
	// What hides all is let go soon: else a plugin would have no log any more.
	for _, tc := range []struct {
		after time.Duration
		dark  bool
	}{{darkFor, true}, {darkFor + time.Second, false}} {
		if got := v.line("shown", now.Add(tc.after)); (got != "shown") != tc.dark {
			t.Errorf("after %v a line is %q", tc.after, got)
		}
	}
}

// pieceRoom leaves a text room for what it costs beside its bytes.
const pieceRoom = 8

// TestCodeIsWholeOrNone: what is left of a code with a secret in it would be
// taken for another.
func TestCodeIsWholeOrNone(t *testing.T) {
	v := veil{}.and(hidden("customer"))
	for code, want := range map[string]string{"customer_not_found": codeNone, "custom_not_found": "custom_not_found", "": codeNone} {
		rejected := &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Rejected{Rejected: &pluginv1.Rejected{Code: code, Detail: "no customer"}}}
		got := answer{response: rejected}.outcome(outputShape{}, v)
		if got.Code != want || got.Detail != "no (secret)" {
			t.Errorf("%q is told as %q, %q", code, got.Code, got.Detail)
		}
	}
}

// TestOnlySecretsOfTheEnvironmentAreStruck, and not each value that is in it.
func TestOnlySecretsOfTheEnvironmentAreStruck(t *testing.T) {
	p := Program{Env: []string{"STRIPE_OBJECT=customer", "TOKEN=hunter2"}, Secrets: []string{"hunter2"}}
	v := veil{}.and(router.Hide(p.Secrets, givenMost))
	if got := text("customer_not_found by hunter2", v, detailMax); got != "customer_not_found by (secret)" {
		t.Errorf("it is told as %q", got)
	}
	q := p
	q.Secrets = nil
	if p.equal(q) {
		t.Error("a program whose environment has become secret goes on as it is")
	}
}

// BenchmarkTake is a line of a plugin that has had so many calls with secrets.
func BenchmarkTake(b *testing.B) {
	plain := strings.Repeat("a line of no consequence, ", 5)
	quoted, err := json.Marshal(map[string]string{"level": "info", "message": plain, "event": "an event"})
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{0, 1, 64, recentMax} {
		for name, line := range map[string]string{"plain": plain, "json": string(quoted)} {
			b.Run(fmt.Sprint(name, n), func(b *testing.B) {
				l := &lines{log: zerolog.Nop()}
				for i := range n {
					l.hideCall(hidden(fmt.Sprintf("password-%d-of-a-call", i)))()
				}
				b.ReportAllocs()
				for b.Loop() {
					l.take(line, "")
				}
			})
		}
	}
}
