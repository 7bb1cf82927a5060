package subscriptionbridge

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// everyAnswer makes every answer that a source can give, in every form that it
// can be configured to give.
func everyAnswer(t *testing.T, see func(name string, s *Source, res router.Response)) {
	t.Helper()
	at := time.Date(2026, 3, 1, 9, 0, 7, 0, time.UTC)
	hostile := "Success <b>\"ERROR\"</b> & \x01 \u2028 ]]> Success"
	var verdicts []router.Verdict
	for _, message := range []string{"", "It is done.", hostile} {
		for _, kind := range []router.VerdictKind{router.Success, router.Warning, router.Error, router.Accepted, router.NotNow} {
			verdicts = append(verdicts, router.Verdict{Kind: kind, Message: message})
		}
		for _, code := range append(codes(), router.CodeGaveUp, "card_declined") {
			verdicts = append(verdicts, router.Verdict{Kind: router.Error, Code: code, Message: message})
		}
	}
	calls := map[string]string{
		"no document": "hello", "another root": "<SubscriptionRequest/>", "the time": "<GetTimeRequest/>",
	}
	for _, root := range []string{rootEventRequest, rootNotificationRequest} {
		whole := strings.ReplaceAll(string(call(nil)), rootEventRequest, root)
		calls[root+" without a token"] = "<" + root + "/>"
		calls[root+" with an ampersand"] = "<" + root + "><Success>&</Success></" + root + ">"
		calls[root+" without a GUID"] = strings.Replace(whole, "TULIP02182026", "", 1)
		calls[root+" with a long GUID"] = strings.Replace(whole, "TULIP02182026", strings.Repeat("x", maxGUID+1), 1)
		calls[root+" without an Action"] = strings.Replace(whole, "Balance_Due_Final", "", 1)
		calls[root+" with another Action"] = strings.Replace(whole, "Balance_Due_Final", "Success", 1)
	}
	for _, compat := range []string{
		`{}`, `{"ack":true}`, `{"status":true}`, `{"packages":"empty"}`, `{"error":"root"}`,
		`{"ack":true,"status":true,"packages":"empty","error":"nested"}`, `{"ack":true,"status":true,"packages":"empty","error":"root"}`,
	} {
		s := newTestSource(t, `, "compat": `+compat)
		for _, root := range []string{eventResponse, notificationResponse} {
			for _, v := range verdicts {
				e := &router.Event{Notice: router.Notice{Received: at, Format: root}}
				see(fmt.Sprintf("%s %s %+v", compat, root, v), s, s.Reply(e, v))
			}
		}
		for name, body := range calls {
			_, res, _ := s.Receive(post("/sb/EventRequest"), []byte(body))
			if res == nil {
				t.Fatalf("no answer to %s", body)
			}
			see(compat+" "+name, s, *res)
		}
		_, res, _ := s.Receive(post("/elsewhere"), nil)
		see(compat+" another path", s, *res)
	}
}

// The known clients find out by these means whether a call succeeded: PHP and
// .NET search the text for a word, ASP and Magento look for an element, by its
// bare name, and for HTTP status 200; ASP cuts times by their columns
// (SubscriptionBridge client SDKs and ProductCart's pcARBClass).
func TestAsClientsRead(t *testing.T) {
	everyAnswer(t, func(name string, _ *Source, res router.Response) {
		body := string(res.Body)
		a, err := DecodeAnswer(res.Body)
		if err != nil { // the time
			if !strings.Contains(body, "<"+getTimeResponse+">") {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		if strings.Contains(body, "xmlns") {
			t.Errorf("%s: it lies in a namespace, where no client looks:\n%s", name, body)
		}
		if net := strings.Contains(body, "Success"); net != (a.Status == StatusSuccess) {
			t.Errorf("%s: the .NET client reads a success: %v\n%s", name, net, body)
		}
		unreadable := strings.Contains(body, "<ErrorResponse>")
		if php := strings.Contains(body, "ERROR"); php != (a.Status == StatusError) && !unreadable {
			t.Errorf("%s: the PHP client reads an error: %v\n%s", name, php, body)
		}
		if (res.Status == http.StatusOK) == unreadable {
			t.Errorf("%s: HTTP status %d, from which ASP and Magento would read otherwise\n%s", name, res.Status, body)
		}
		if a.Status == StatusError && !unreadable && (a.ErrorCode == "" || a.ErrorDetail == "") {
			t.Errorf("%s: the ASP client finds no code or no detail:\n%s", name, body)
		}
		if strings.Contains(body, "<"+errorDocument+"><ErrorCode>") && strings.Contains(body, prolog+"<"+errorDocument+">") {
			return // it has no time
		}
		if _, err := time.Parse("2006-01-02 15:04:05", a.Timestamp[:10]+" "+a.Timestamp[11:19]); err != nil {
			t.Errorf("%s: the ASP client can't read the time: %v", name, err)
		}
	})
}

// xmllint runs libxml2's tool, whose parser is the one behind the PHP and
// Magento clients.
func xmllint(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is missing: install libxml2-utils")
		}
		t.Skip("xmllint is missing (Debian package libxml2-utils)")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%w\n%s", err, complaint.Bytes())
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}

func TestAnswersAreValid(t *testing.T) {
	dir, seen := t.TempDir(), map[string]bool{}
	args := []string{"--noout", "--schema", filepath.Join("testdata", "answers.xsd")}
	everyAnswer(t, func(name string, _ *Source, res router.Response) {
		body := string(res.Body)
		if seen[body] {
			return
		}
		seen[body] = true
		file := filepath.Join(dir, fmt.Sprintf("%d.xml", len(seen)))
		if err := os.WriteFile(file, res.Body, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	})
	if _, err := xmllint(t, args...); err != nil {
		t.Error(err)
	}
	t.Logf("%d answers", len(seen))
}

// The schema itself can tell good from bad.
func TestSchemaRefuses(t *testing.T) {
	const good = `<EventResponse><Status>Success</Status><Timestamp>2026-03-01T09:00:07</Timestamp></EventResponse>`
	for name, body := range map[string]string{
		"another status": strings.Replace(good, "Success", "OK", 1),
		"a zone":         strings.Replace(good, ":07<", ":07Z<", 1),
		"no status":      `<EventResponse><Timestamp>2026-03-01T09:00:07</Timestamp></EventResponse>`,
		"a namespace":    strings.Replace(good, "<EventResponse>", `<EventResponse xmlns="urn:sb">`, 1),
		"an attribute":   strings.Replace(good, "<Status>", `<Status a="b">`, 1),
		"an empty error": strings.Replace(good, "</EventResponse>", "<Error/></EventResponse>", 1),
		"seconds":        `<GetTimeResponse><CurrentTime>2026-03-01T09:00:07</CurrentTime></GetTimeResponse>`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "answer.xml")
			if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := xmllint(t, "--noout", "--schema", filepath.Join("testdata", "answers.xsd"), file); err == nil {
				t.Errorf("the schema takes %s", body)
			}
		})
	}
}

// What the clients' own paths find, by a parser that is not ours.
func TestXPath(t *testing.T) {
	refused := router.Verdict{Kind: router.Error, Code: "10004", Message: "a & b <c>"}
	for _, tc := range []struct {
		name, compat, root string
		verdict            router.Verdict
		want               map[string]string
	}{
		{"a success", `{}`, eventResponse, router.Verdict{Kind: router.Success}, map[string]string{
			"//EventResponse/Status": "Success", "//EventResponse/Ack": "", "//EventResponse/Timestamp": "2026-03-01T09:00:07",
			"count(//Error)": "0", "count(//Packages)": "0", "count(//@*)": "0"}},
		{"Ack beside Status", `{"ack":true,"packages":"empty"}`, eventResponse, router.Verdict{Kind: router.Warning}, map[string]string{
			"//EventResponse/Status": "Warning", "//EventResponse/Ack": "Warning", "count(/EventResponse/Packages)": "1", "count(/EventResponse/Packages/*)": "0"}},
		{"a refusal (ASP)", `{"ack":true}`, eventResponse, refused, map[string]string{
			"//EventResponse/Ack": "Error", "//Error/ErrorCode": "10004", "//Error/ErrorShort": "Invalid Argument",
			"//Error/ErrorDetail": "a & b <c>", "//Error/SeverityLevel": "ERROR"}},
		{"a refusal (Magento)", `{"error":"root"}`, eventResponse, refused, map[string]string{
			"/*/ErrorDetail": "a & b <c>", "//Error/ErrorCode": "10004", "/*/Ack": ""}},
		{"a notification", `{}`, notificationResponse, router.Verdict{Kind: router.Accepted}, map[string]string{
			"//NotificationResponse/Ack": "Warning", "//NotificationResponse/Status": "", "/*/Message": messageAccepted}},
		{"a notification of 2009", `{"status":true}`, notificationResponse, refused, map[string]string{
			"//NotificationResponse/Ack": "Error", "//NotificationResponse/Status": "Error", "//Error/ErrorCode": "10004"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newTestSource(t, `, "compat": `+tc.compat)
			at := time.Date(2026, 3, 1, 9, 0, 7, 0, time.UTC)
			res := s.Reply(&router.Event{Notice: router.Notice{Received: at, Format: tc.root}}, tc.verdict)
			file := filepath.Join(t.TempDir(), "answer.xml")
			if err := os.WriteFile(file, res.Body, 0o600); err != nil {
				t.Fatal(err)
			}
			for path, want := range tc.want {
				if got, err := xmllint(t, "--xpath", "string("+path+")", file); err != nil || got != want {
					t.Errorf("%s is %q (%v), want %q", path, got, err, want)
				}
			}
		})
	}
}
