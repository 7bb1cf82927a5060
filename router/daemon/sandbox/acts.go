package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/admin"
	"github.com/signalbox/signalbox/router/internal/plug"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// How long things take in the acts where something goes wrong.
const (
	// replyWithin is the limit of the marketplace's source, by default.
	replyWithin = 4 * time.Second
	// stripeRests is what Stripe asks to be left alone for. A caller behind the
	// parked delivery is told 202 at once if that ends after its own limit: the
	// rest is room for a machine that is busy.
	stripeRests = 6 * time.Second
	// orderAttempts is how often the route tries an order.
	orderAttempts = 3
	// killsAtMost bounds how often a plugin is killed until an event arrives
	// before it is back. The wait before its restart doubles each time, from a
	// quarter of a second: the first time is enough on a machine that has time.
	killsAtMost = 4
)

// stuckLane has Stripe refuse one account for a while.
func (s *sandbox) stuckLane(ctx context.Context, stuck, other *simulate.Customer) {
	s.show.title("A stuck lane: " + stuck.Company.Name + " has to wait, " + other.Company.Name + " has not")
	s.show.remark("The events of one account are a lane: they run one after the other.")
	s.marketplaceSends(ctx, stuck, "SUBSCRIPTION_ORDER", stuck.Event("SUBSCRIPTION_ORDER"))
	s.show.remark("Now Stripe answers 503 to whatever concerns " + stuck.Company.Name + ", and asks to be left alone for " + stripeRests.String() + ".")
	s.stripe.FailFor(stuck.Account, http.StatusServiceUnavailable, stripeRests)
	change := s.begin(ctx, stuck, "SUBSCRIPTION_CHANGE", stuck.Event("SUBSCRIPTION_CHANGE"))
	parked := s.stands(ctx, change, "parked", func(st *router.State) bool { return has(st, "change/subscription", router.Parked) })
	s.show.remark(other.Company.Name + " is in a lane of its own, and does not notice.")
	s.marketplaceSends(ctx, other, "SUBSCRIPTION_ORDER", other.Event("SUBSCRIPTION_ORDER"))
	s.show.remark("A CANCEL of " + stuck.Company.Name + " must not overtake its CHANGE: it waits, and its caller is told 202 at once.")
	cancel := s.begin(ctx, stuck, "SUBSCRIPTION_CANCEL", stuck.Event("SUBSCRIPTION_CANCEL"))
	waits := func(st *router.State) bool {
		return st.Told == router.ToldLater && has(st, "cancel/subscription", router.Waiting)
	}
	s.stands(ctx, cancel, "waiting", waits)
	beside := s.marketplaceSends(ctx, other, "SUBSCRIPTION_CHANGE", other.Event("SUBSCRIPTION_CHANGE"))
	s.stands(ctx, cancel, "still", waits)
	s.show.remark("Stripe recovers: the parked delivery is due, what waited follows in order, and both callers get their callbacks.")
	s.stripe.FailFor(stuck.Account, 0, 0)
	changed, cancelled := s.end(ctx, change), s.end(ctx, cancel)
	if parked == nil || changed == nil || cancelled == nil || beside == nil {
		return // a failure that has been shown
	}
	// A machine that was slow to send it is not to blame.
	inTime := cancelled.Event.Received.Add(replyWithin).Before(parked.State.Deliveries[0].Due)
	if !cancel.x.ByCallback || inTime && cancel.x.Took >= replyWithin {
		s.show.fail("the caller behind a parked delivery was not told 202 at once")
	}
	calls := s.show.order(
		callsOf(stuck, changed, "change/subscription"),
		callsOf(stuck, cancelled, "cancel/subscription"),
		callsOf(other, beside, "change/subscription"))
	want := []string{
		other.Company.Name + " change/subscription",
		stuck.Company.Name + " change/subscription", stuck.Company.Name + " cancel/subscription",
	}
	if !slices.Equal(calls, want) {
		s.show.fail("what succeeded is in the order %q, not %q", calls, want)
	}
	s.show.prove("A stuck lane parked only itself: its second event waited in order, another account went straight through.")
}

// deadPlugin kills the CRM plugin and has an event arrive before it is back.
func (s *sandbox) deadPlugin(ctx context.Context, customer *simulate.Customer) {
	s.show.title("A dead plugin comes back")
	s.show.remark("Plugins are processes of their own. This one is killed, and an event arrives while it is away.")
	s.show.remark("Its delivery waits, which burns no attempt, and goes out as soon as the daemon has restarted the plugin.")
	for range killsAtMost {
		began := time.Now()
		before := s.plugin(ctx, "crm", func(p plug.PluginStatus) bool { return p.State == plug.Running })
		if err := kill(before.Pid); err != nil {
			s.show.fail("%v", err)
			return
		}
		s.show.line("   killed     plugin crm, process %d", before.Pid)
		s.plugin(ctx, "crm", func(p plug.PluginStatus) bool { return p.Pid != before.Pid })
		story := s.marketplaceSends(ctx, customer, "USER_ASSIGNMENT", customer.Event("USER_ASSIGNMENT"))
		after := s.plugin(ctx, "crm", func(p plug.PluginStatus) bool { return p.State == plug.Running && p.Pid != before.Pid })
		for _, kind := range []string{router.TypePluginDown, router.TypePluginUp} {
			s.told(ctx, router.Query{Source: router.SourceSelf, Type: kind, Since: began})
		}
		if story == nil {
			return // a failure that has been shown
		}
		if !story.Event.Received.Before(after.Since) {
			s.show.remark("It was back before the event came. Once more: it stays away for longer each time.")
			continue
		}
		calls := callsOf(customer, story, "seat given/contact")
		if len(calls) != 1 || calls[0].Began.Before(after.Since) {
			s.show.fail("%s, not the 1 after the plugin was back", attempts(len(calls)))
			return
		}
		s.show.line("   back       plugin crm, process %d; the delivery waited for %s", after.Pid, round(calls[0].Began.Sub(story.Event.Received)))
		s.show.prove("A dead plugin came back (process %d, now %d): what arrived meanwhile waited, and took 1 attempt.", before.Pid, after.Pid)
		return
	}
	s.show.fail("the plugin was always back before the event came")
}

// kill ends a process as the kernel would that is out of memory.
func kill(pid int) error {
	if pid == 0 {
		return errors.New("the plugin does not run")
	}
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		return fmt.Errorf("killing the plugin's process %d: %w", pid, err)
	}
	return nil
}

// failureMail has a delivery use up its retries, reads the mail about it, and
// does what the mail says.
func (s *sandbox) failureMail(ctx context.Context, customer *simulate.Customer) {
	s.show.title("A mail says what failed, and what to do")
	s.show.remark("Stripe fails as often as the route retries. The order is neither done nor refused: it is held, and its caller is told 202.")
	s.stripe.FailNext(orderAttempts, http.StatusServiceUnavailable)
	order := s.begin(ctx, customer, "SUBSCRIPTION_ORDER", customer.Event("SUBSCRIPTION_ORDER"))
	held := s.stands(ctx, order, "held", func(st *router.State) bool { return st.Phase == router.Held })
	if held != nil {
		s.show.remark("The failure is an event too, which a route sends to the e-mail plugin. This has arrived at the mail server:")
		s.doAsMailed(ctx, held)
	}
	if s.end(ctx, order) == nil {
		return // a failure that has been shown
	}
	s.show.prove("A mail named the event that had failed, and the command that replayed it: the held order is done, and its caller knows.")
}

// doAsMailed reads the mail about an event's failed delivery, and replays the
// event by the operator's API, as the mail says.
func (s *sandbox) doAsMailed(ctx context.Context, failed *router.Story) {
	var failure *router.Story
	for _, id := range failed.Caused {
		if story, _ := s.await(ctx, router.Query{ID: id}, (*router.State).Finished); story != nil && story.Event.Type == router.TypeDeliveryFailed {
			failure = story
		}
	}
	if failure == nil {
		s.show.fail("no %s event tells of it", router.TypeDeliveryFailed)
		return
	}
	text := s.latestMail(router.TypeDeliveryFailed)
	s.show.quote(text)
	id, found := "", strings.Contains(text, "Event: "+failed.Event.ID)
	for line := range strings.Lines(text) {
		if named, ok := strings.CutPrefix(strings.TrimSpace(line), "signalbox events replay "); ok {
			id = named
		}
	}
	if !found || id != failed.Event.ID {
		s.show.fail("the mail does not name the event %s and the command that replays it", failed.Event.ID)
		return
	}
	s.show.remark("Stripe works again, so the operator does what the mail says:")
	s.show.line("   operator   signalbox events replay %s\n", id)
	client := admin.Client{Socket: s.daemon.Socket()}
	replayed, err := client.Replay(ctx, id, admin.Replay{})
	if err != nil {
		s.show.fail("%v", err)
		return
	}
	for _, warning := range replayed.Warnings {
		s.show.line("   warning    %s", warning)
	}
}

// latestMail is the newest mail of that kind, as a person sees it.
func (s *sandbox) latestMail(kind string) string {
	for _, m := range slices.Backward(s.mail.Mails()) {
		if !strings.HasPrefix(m.Subject, "[signalbox] "+kind) {
			continue
		}
		text, err := m.Text()
		if err != nil {
			s.show.fail("%v", err)
		}
		return fmt.Sprintf("To: %s\nSubject: %s\n\n%s", strings.Join(m.To, ", "), m.Subject, text)
	}
	return ""
}

// told waits for a failure event to have been told to operators, and shows it.
func (s *sandbox) told(ctx context.Context, q router.Query) {
	story, ok := s.await(ctx, q, (*router.State).Finished)
	if ctx.Err() != nil {
		return
	}
	var f router.Failure
	if !ok || json.Unmarshal(story.Event.Payload, &f) != nil {
		s.show.fail("there is no event %s", q.Type)
		return
	}
	text := f.Plugin
	if f.Message != "" {
		text += ": " + f.Message
	}
	s.show.line("   event      %-11s  %s", q.Type, text)
}

// stands waits until an event stands as wanted, and says so.
func (s *sandbox) stands(ctx context.Context, p *pending, word string, as func(*router.State) bool) *router.Story {
	story, ok := s.await(ctx, p.query, as)
	if ctx.Err() != nil {
		return nil
	}
	if !ok {
		s.show.fail("the %s does not stand as it should: %s", p.step, word)
		return nil
	}
	p.query = router.Query{ID: story.Event.ID}
	s.show.line("   %-10s %s: %s", word, p.step, standing(&story.State))
	return story
}

// standing tells where an event's first delivery stands.
func standing(st *router.State) string {
	if len(st.Deliveries) == 0 {
		return st.Why
	}
	d := &st.Deliveries[0]
	text := fmt.Sprintf("%s is %s after %s", d.Name, d.Status, attempts(d.Attempts))
	if d.Detail != "" {
		text += " (" + d.Detail + ")"
	}
	return text
}

// has reports whether the event's first delivery is that one, and stands so.
func has(st *router.State, name string, status router.Status) bool {
	return len(st.Deliveries) > 0 && st.Deliveries[0].Name == name && st.Deliveries[0].Status == status
}

// plugin waits until a plugin is as wanted, or finishWithin has passed, and
// tells how it is.
func (s *sandbox) plugin(ctx context.Context, name string, as func(plug.PluginStatus) bool) (found plug.PluginStatus) {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	for {
		for _, p := range s.daemon.Plugins() {
			if p.Name == name {
				found = p
			}
		}
		if as(found) || !s.pause(ctx) {
			return found
		}
	}
}
