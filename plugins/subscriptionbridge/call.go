package subscriptionbridge

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

const (
	// maxAnswer is some hundred times what an answer's few values need.
	maxAnswer = 64 << 10
	// maxPublic is what a customer is shown of a server's own message.
	maxPublic = 500

	// Error codes. 10002 is SubscriptionBridge's own, as its ASP client knows it;
	// 10101 is what a signalbox says that can take nothing in at the moment.
	codeAuthentication = "10002"
	codeUnavailable    = "10101"
)

// timeForm is the time that a server tells: it goes into the token as it stands.
var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9A-Za-z.:+-]{0,16}$`)

// numberForm is how error codes look.
var numberForm = regexp.MustCompile(`^[0-9]{1,10}$`)

// request makes one of the twin calls.
func (b *bridge) request(ctx context.Context, d *sdk.Delivery, root string) sdk.Outcome {
	var in struct {
		GUID   string `json:"guid"`
		Action string `json:"action"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return invalid(outbound.Reason("reading the input: %v", err))
	}
	wrong := wrongGUID(in.GUID)
	if !slices.Contains(actions(), in.Action) {
		wrong = fmt.Sprintf("there is no action %.64q; there are %s", in.Action, strings.Join(actions(), ", "))
	}
	switch {
	case wrong != "":
		return invalid(wrong)
	case b.Server == nil:
		return unconfigured("server block")
	case b.withheld(d):
		return sdk.Succeeded(map[string]any{"suppressed": true})
	}
	minute := b.now().UTC().Format(minuteLayout)
	if b.Server.ServerTime {
		var err error
		if minute, err = b.serverTime(ctx); err != nil {
			return sdk.Retry(outbound.Reason("asking the server for its time: %v", outbound.WithoutAddress(err)))
		}
	}
	r := request{XMLName: xml.Name{Local: root}, Username: b.Server.Username, Token: token(b.Server, minute), Action: in.Action}
	if root == notificationRequest {
		r.Guid = in.GUID
	} else {
		r.GUID = in.GUID
	}
	body, err := encode(r)
	if err != nil {
		return invalid(err.Error())
	}
	resp, said, err := b.post(ctx, b.address(root), body, maxAnswer)
	if err != nil {
		return outbound.Lost("calling the server", err)
	}
	return callOutcome(resp, said, b.now())
}

func (b *bridge) address(call string) string {
	return strings.TrimSuffix(b.Server.URL, "/") + "/" + call
}

// callOutcome reads a server's answer, whatever its HTTP status: the protocol
// has 200 for refusals too. A refusal of who calls is retried: nothing ran, and
// the event need not be lost by a secret that is being replaced, a clock or a
// list of addresses, once an operator mends it.
func callOutcome(resp *http.Response, said []byte, now time.Time) sdk.Outcome {
	why := fmt.Sprintf("the server answered %d", resp.StatusCode)
	a, err := readAnswer(said)
	switch {
	case err != nil && (resp.StatusCode < 200 || resp.StatusCode > 299):
		return notTaken(resp, why, strings.ToValidUTF8(string(said), "�"))
	case err != nil:
		return sdk.Retry(outbound.Reason("%s, and it may have run: %v", why, err)).MayHaveRun()
	case a.Status == statusSuccess || a.Status == statusWarning:
		out := map[string]any{"status": a.Status, "suppressed": false}
		for name, value := range map[string]string{"timestamp": a.Timestamp, "message": a.Message} {
			if value != "" {
				out[name] = value
			}
		}
		return sdk.Succeeded(out)
	}
	why = outbound.Reason("%s: %s with the code %q: %s", why, a.Status, a.Code, a.Detail)
	switch {
	case a.Code == codeAuthentication:
		return sdk.Retry(why + ": it does not accept the username, password and API key, this address, or the clock").NeedsOperator()
	case a.Code == codeUnavailable, a.Failed:
		return sdk.Retry(why).After(outbound.RetryAfter(resp.Header, now))
	case a.Status != statusError:
		return sdk.Retry(why + ": the Status is none of the protocol's, and it may have run").MayHaveRun()
	}
	code, public := "refused", "The request was refused."
	if numberForm.MatchString(a.Code) {
		code = "error_" + a.Code
	}
	if a.Message != "" && len(a.Message) <= maxPublic {
		public = a.Message
	}
	return sdk.Rejected(code, public, why)
}

// notTaken is the outcome of an answer whose HTTP status is none of success, and
// that does not say more in the protocol's own way. A gateway's failure leaves
// open whether the call went through.
func notTaken(resp *http.Response, why, text string) sdk.Outcome {
	switch status := resp.StatusCode; {
	case outbound.Passing(status):
		o := sdk.Retry(why).After(outbound.RetryAfter(resp.Header, time.Now()))
		if status >= 500 && status != http.StatusServiceUnavailable {
			o = o.MayHaveRun()
		}
		return o
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return sdk.Retry(why + ": it does not let this machine in").NeedsOperator()
	case status >= 300 && status <= 399:
		return sdk.Rejected("redirected", "The request could not be passed on.", why+": redirects are not followed, configure the address they lead to")
	}
	return sdk.Rejected("refused", "The request was refused.", outbound.Reason("%s: %s", why, text))
}

// serverTime asks the server for its time, which needs no token.
func (b *bridge) serverTime(ctx context.Context) (string, error) {
	body, err := encode(struct {
		XMLName  xml.Name `xml:"GetTimeRequest"`
		Username string
	}{Username: b.Server.Username})
	if err != nil {
		return "", err
	}
	resp, said, err := b.post(ctx, b.address(getTimeRequest), body, maxAnswer)
	if err != nil {
		return "", err
	}
	a, err := readAnswer(said)
	if err != nil {
		return "", fmt.Errorf("the server answered %d: %w", resp.StatusCode, err)
	}
	if !timeForm.MatchString(a.CurrentTime) {
		return "", fmt.Errorf("the server answered %d, with no time", resp.StatusCode)
	}
	return a.CurrentTime, nil
}

func wrongGUID(guid string) string {
	switch {
	case strings.TrimSpace(guid) == "":
		return "the guid is empty"
	case len(guid) > maxGUID:
		return fmt.Sprintf("the guid is longer than %d bytes", maxGUID)
	}
	return ""
}

func invalid(detail string) sdk.Outcome {
	return sdk.Rejected("invalid_input", "The request could not be passed on.", detail)
}

// unconfigured waits for the operator: with the setting the same delivery works.
func unconfigured(setting string) sdk.Outcome {
	return sdk.Retry("the plugin's configuration has no " + setting).NeedsOperator()
}
