package subscriptionbridge

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAnswers(t *testing.T) {
	s := newTestSource(t, "")
	berlin := time.FixedZone("CET", 3600)
	reply := func(v router.Verdict) router.Response {
		at := time.Date(2026, 3, 1, 9, 0, 7, 999, berlin)
		return s.Reply(&router.Event{Notice: router.Notice{Received: at}}, v)
	}
	notified := func(v router.Verdict) router.Response {
		at := time.Date(2026, 3, 1, 9, 0, 7, 999, berlin)
		return s.Reply(&router.Event{Notice: router.Notice{Received: at, Format: notificationResponse}}, v)
	}
	receive := func(path, body string) router.Response {
		_, res, _ := s.Receive(post(path), []byte(body))
		if res == nil {
			t.Fatalf("no answer to %s", body)
		}
		return *res
	}
	for _, tc := range []struct {
		name string
		res  router.Response
	}{
		{"success", reply(router.Verdict{Kind: router.Success, Reply: []byte(`{"a":1}`)})},
		{"warning", reply(router.Verdict{Kind: router.Warning, Message: "no ERROR here"})},
		{"accepted", reply(router.Verdict{Kind: router.Accepted})},
		{"not_now", reply(router.Verdict{Kind: router.NotNow, Message: "the journal can't be written"})},
		{"error_plain", reply(router.Verdict{Kind: router.Error, Code: router.CodeGaveUp})},
		{"error_mapped", reply(router.Verdict{Kind: router.Error, Code: "10004", Message: "There is no such subscription."})},
		{"error_text", reply(router.Verdict{Kind: router.Error, Code: "card_declined", Message: "Successful <once> & \"never\"\x01 again"})},
		{"refused_token", receive("/sb/EventRequest", "<EventRequest/>")},
		{"refused_guid", receive("/sb/EventRequest", string(call(func(r *EventRequest) { r.GUID = "" })))},
		{"refused_action", receive("/sb/EventRequest", string(call(func(r *EventRequest) { r.Action = "Balance_Overdue" })))},
		{"unreadable", receive("/sb/EventRequest", "hello")},
		{"refused_ampersand", receive("/sb/EventRequest", "<EventRequest>\n<GUID>a & b</GUID></EventRequest>")},
		{"refused_notification", receive("/sb/NotificationRequest", "<NotificationRequest/>")},
		{"notification_success", notified(router.Verdict{Kind: router.Success})},
		{"notification_accepted", notified(router.Verdict{Kind: router.Accepted})},
		{"notification_warning", notified(router.Verdict{Kind: router.Warning, Message: "No ERROR, but no Success either."})},
		{"notification_error", notified(router.Verdict{Kind: router.Error, Code: "10004", Message: "There is no such subscription."})},
		{"time", receive("/sb/GetTimeRequest", "<GetTimeRequest/>")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := fmt.Sprintf("HTTP %d\nContent-Type: %s\n\n%s\n", tc.res.Status, tc.res.Header.Get("Content-Type"), tc.res.Body)
			file := filepath.Join("testdata", tc.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeAnswer(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		want       Answer
	}{
		{"success", "<EventResponse><Status>Success</Status><Timestamp>2026-03-01T09:00:07</Timestamp></EventResponse>",
			Answer{Status: StatusSuccess, Timestamp: "2026-03-01T09:00:07"}},
		{"error", "<EventResponse><Status>Error</Status><Timestamp>t</Timestamp><Error><ErrorCode>10004</ErrorCode><ErrorDetail>a &amp; b</ErrorDetail></Error></EventResponse>",
			Answer{Status: StatusError, Timestamp: "t", ErrorCode: "10004", ErrorDetail: "a & b"}},
		{"an Ack", "<NotificationResponse><Ack>Warning</Ack><Timestamp>t</Timestamp><Message>m</Message></NotificationResponse>",
			Answer{Status: StatusWarning, Timestamp: "t", Message: "m"}},
		{"an error alone", "<Error><ErrorCode>10002</ErrorCode><ErrorShort>s</ErrorShort><ErrorDetail>d</ErrorDetail><SeverityLevel>ERROR</SeverityLevel></Error>",
			Answer{Status: StatusError, ErrorCode: "10002", ErrorDetail: "d"}},
		{"complete failure", "<ErrorResponse><ErrorCode>10004</ErrorCode><Timestamp>t</Timestamp></ErrorResponse>",
			Answer{Status: StatusError, Timestamp: "t", ErrorCode: "10004"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := DecodeAnswer([]byte(prolog + tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{"", "Bad Gateway", "<html/>", "<EventResponse>", strings.Repeat(" ", maxDocument+1)} {
		if a, err := DecodeAnswer([]byte(body)); err == nil {
			t.Errorf("DecodeAnswer of %.20q = %+v, want an error", body, a)
		}
	}
}

func TestEncodeEscapes(t *testing.T) {
	want := EventRequest{Username: "a & b", Token: "<", GUID: `"`, Action: "é"}
	var got EventRequest
	if err := xml.Unmarshal(want.Encode(), &got); err != nil {
		t.Fatal(err)
	}
	got.XMLName = xml.Name{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
