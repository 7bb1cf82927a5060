package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// show prints what happens, a block an event, and counts.
type show struct {
	out       io.Writer
	events    int
	attempts  int
	retried   int
	callbacks int
	failures  int
	sound     int      // failures when the present act began
	proved    []string // what the acts have shown
}

func (s *show) line(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s *show) title(text string) {
	s.sound = s.failures
	s.line("\n══ %s %s\n", text, strings.Repeat("═", max(0, 76-len(text))))
}

func (s *show) remark(text string) { s.line("   (%s)", text) }

// fail marks something that is not as it should be.
func (s *show) fail(format string, args ...any) {
	s.failures++
	s.line("   FAILED     "+format, args...)
}

// prove keeps for the summary what the present act has shown, unless something
// in it was not as it should be.
func (s *show) prove(format string, args ...any) {
	if s.failures == s.sound {
		s.proved = append(s.proved, fmt.Sprintf(format, args...))
	}
}

// quote prints a text that somebody was sent.
func (s *show) quote(text string) {
	for line := range strings.Lines(text) {
		s.line("   │ %s", strings.TrimRight(line, "\n"))
	}
	s.line("")
}

func (s *show) exchange(step string, x simulate.Exchange, story *router.Story, err error) {
	s.events++
	s.line("── %s", step)
	s.line("   sent       GET %s", x.Notification)
	s.line("   payload    %s", payload(x.Event))
	s.story(story)
	if err != nil {
		s.fail("%v", err)
		return
	}
	how := fmt.Sprintf("HTTP %d in %s", x.Status, round(x.Took))
	if x.ByCallback {
		s.callbacks++
		how = fmt.Sprintf("HTTP %d in %s, then a callback after %s", x.Status, round(x.Took), round(x.ResultAfter))
	}
	s.line("   reply      %s   (%s)\n", x.Result, how)
	if !x.Result.Success {
		s.fail("the marketplace was told of a failure")
	}
}

func (s *show) eventRequest(action string, x simulate.StoreExchange, story *router.Story, err error) {
	s.events++
	s.line("── %s", action)
	s.line("   sent       POST %s", brief(x.Document))
	s.story(story)
	if err != nil {
		s.fail("%v", err)
		return
	}
	s.line("   reply      Status %s   (HTTP %d in %s)\n", x.Status, x.HTTPStatus, round(x.Took))
	if x.Status != "Success" {
		s.fail("the store was told %s %s", x.Status, x.ErrorDetail)
	}
}

// story prints the routes that matched and what became of each delivery.
func (s *show) story(story *router.Story) {
	if story == nil {
		s.fail("the journal has no such event")
		return
	}
	s.line("   journaled  %s", story.Event.ID)
	s.line("   routes     %s", strings.Join(story.State.Routes, ", "))
	for i := range story.State.Deliveries {
		d := &story.State.Deliveries[i]
		s.line("   delivery   %-28s %-30s %-11s %s", d.Name, d.To, attempts(d.Attempts), d.Status)
		for _, a := range story.Attempts {
			if a.Delivery != d.Name {
				continue
			}
			s.attempts++
			text := ""
			if a.Outcome != router.Succeeded {
				s.retried++
				text = ": " + a.Message
			}
			s.line("                attempt %d  %8s  %s%s", a.Number, round(a.Took), a.Outcome, text)
		}
	}
}

// call is an attempt for one customer.
type call struct {
	customer string
	router.AttemptRow
}

// callsOf are the attempts of one delivery.
func callsOf(customer *simulate.Customer, story *router.Story, delivery string) []call {
	var calls []call
	if story == nil {
		return nil
	}
	for _, a := range story.Attempts {
		if a.Delivery == delivery {
			calls = append(calls, call{customer.Company.Name, a})
		}
	}
	return calls
}

// order prints attempts in the order of their time, and names those that
// succeeded.
func (s *show) order(calls ...[]call) (succeeded []string) {
	all := slices.Concat(calls...)
	slices.SortFunc(all, func(a, b call) int { return a.Began.Compare(b.Began) })
	for _, c := range all {
		name := c.customer + " " + c.Delivery
		s.line("   in order   %8s  %-46s attempt %d  %s", round(c.Began.Sub(all[0].Began)), name, c.Number, c.Outcome)
		if c.Outcome == router.Succeeded {
			succeeded = append(succeeded, name)
		}
	}
	return succeeded
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// brief is the beginning of a document, on one line.
func brief(document []byte) string {
	text := strings.Join(strings.Fields(string(document)), " ")
	const most = 150
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return text
}

// payload is what the event tells, short.
func payload(e simulate.Event) string {
	text, err := json.Marshal(e.Payload)
	if err != nil {
		return err.Error()
	}
	return brief(text)
}

// introduce says what runs.
func (s *sandbox) introduce() {
	s.show.line("   daemon        %s   (journal, configuration and admin socket in %s)", s.daemon.URL(), s.dir)
	s.show.line("   marketplace   %s", s.marketplace.URL())
	s.show.line("   stand-ins     Stripe %s, HubSpot %s, SMTP %s", s.stripe.URL(), s.hubspot.URL(), s.mail.Addr())
	for _, p := range s.daemon.Plugins() {
		s.show.line("   plugin        %-10s process %d", p.Name, p.Pid)
	}
}

func (s *sandbox) summary() {
	s.show.title("Summary")
	s.show.line("   %d events, %d attempts (%d of them failed and were repeated), %d answers by callback", s.show.events, s.show.attempts, s.show.retried, s.show.callbacks)
	for _, summary := range []string{s.marketplace.Summary(), s.stripe.Summary(), s.hubspot.Summary(), s.mail.Summary()} {
		s.show.line("   %s", summary)
	}
	for _, proof := range s.show.proved {
		s.show.line("   %s", proof)
	}
	if s.show.failures == 0 {
		s.show.line("   Every caller got its answer; nothing is left undone.")
	} else {
		s.show.line("   %d things were not as they should be: see FAILED above.", s.show.failures)
	}
}

// invite says what can be tried while everything goes on serving.
func (s *sandbox) invite() {
	s.show.title("Everything goes on serving, until ^C. Try, in another terminal:")
	for _, command := range []string{
		"events list --socket " + s.daemon.Socket(),
		"events show ID --socket " + s.daemon.Socket(),
		"simulate appdirect SUBSCRIPTION_ORDER --to " + s.daemon.URL() + "/appdirect",
		fmt.Sprintf("simulate subscriptionbridge Balance_Due --to %s --username %s --password %s --api-key %s", s.store.URL, username, password, apiKey),
		"validate " + s.dir + "/config.hcl",
	} {
		s.show.line("   signalbox %s", command)
	}
	s.show.line("\n   Change %s/config.hcl, then: signalbox reload --socket %s\n", s.dir, s.daemon.Socket())
}
