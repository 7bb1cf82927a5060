package appdirect

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func TestReply(t *testing.T) {
	s, _ := newSource(t, nil)
	const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	long := strings.Repeat("é", 501)
	for _, tt := range []struct {
		name      string
		eventType string
		verdict   router.Verdict
		status    int
		json, xml string
	}{
		{
			"success", "SUBSCRIPTION_ORDER",
			router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"accountIdentifier":"a<b","userIdentifier":7,"message":"Welcome"}`)}, 200,
			`{"success":true,"accountIdentifier":"a<b","userIdentifier":"7","message":"Welcome"}`,
			`<result><success>true</success><accountIdentifier>a&lt;b</accountIdentifier><userIdentifier>7</userIdentifier><message>Welcome</message></result>`,
		},
		{
			"success with nothing", "SUBSCRIPTION_CANCEL", router.Verdict{Kind: router.Success, Message: "Done"}, 200,
			`{"success":true,"message":"Done"}`, `<result><success>true</success><message>Done</message></result>`,
		},
		{
			"warning", "USER_ASSIGNMENT", router.Verdict{Kind: router.Warning}, 200,
			`{"success":true}`, `<result><success>true</success></result>`,
		},
		{
			"binding", "ADDON_BIND",
			router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"id":"b-1","metadata":{"URL":"x","A":"y"}}`)}, 200,
			`{"success":true,"id":"b-1","metadata":[{"key":"A","value":"y"},{"key":"URL","value":"x"}]}`,
			`<result><success>true</success><id>b-1</id><metadata><entry><key>A</key><value>y</value></entry><entry><key>URL</key><value>x</value></entry></metadata></result>`,
		},
		{
			"error", "USER_UNASSIGNMENT", router.Verdict{Kind: router.Error, Code: "USER_NOT_FOUND", Message: "No such user", Reply: json.RawMessage(`{"id":"x"}`)}, 200,
			`{"success":false,"errorCode":"USER_NOT_FOUND","message":"No such user"}`,
			`<result><success>false</success><errorCode>USER_NOT_FOUND</errorCode><message>No such user</message></result>`,
		},
		{
			"error without a message", "", router.Verdict{Kind: router.Error}, 200,
			`{"success":false,"errorCode":"UNKNOWN_ERROR","message":"` + messageFailed + `"}`,
			`<result><success>false</success><errorCode>UNKNOWN_ERROR</errorCode><message>The request could not be completed. Please contact the vendor&#39;s support.</message></result>`,
		},
		{
			"long message", "", router.Verdict{Kind: router.Error, Message: long}, 200,
			`{"success":false,"errorCode":"UNKNOWN_ERROR","message":"` + long[:1000] + `…"}`,
			`<result><success>false</success><errorCode>UNKNOWN_ERROR</errorCode><message>` + long[:1000] + `…</message></result>`,
		},
		{
			"accepted", "SUBSCRIPTION_ORDER", router.Verdict{Kind: router.Accepted}, 202,
			`{"success":true,"message":"` + messageAccepted + `"}`, `<result><success>true</success><message>` + messageAccepted + `</message></result>`,
		},
		{
			"accepted before the event is known", "", router.Verdict{Kind: router.Accepted}, 202,
			`{"success":true,"message":"` + messageAccepted + `"}`, `<result><success>true</success><message>` + messageAccepted + `</message></result>`,
		},
		{
			"accepted for good", "SUBSCRIPTION_NOTICE", router.Verdict{Kind: router.Accepted}, 200,
			`{"success":true,"message":"` + messageAccepted + `"}`, `<result><success>true</success><message>` + messageAccepted + `</message></result>`,
		},
		{
			"not now", "", router.Verdict{Kind: router.NotNow}, 200,
			`{"success":false,"errorCode":"UNKNOWN_ERROR","message":"` + messageNotNow + `"}`,
			`<result><success>false</success><errorCode>UNKNOWN_ERROR</errorCode><message>` + messageNotNow + `</message></result>`,
		},
		{
			"reply that is no JSON", "SUBSCRIPTION_CHANGE", router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{`)}, 200,
			`{"success":true}`, `<result><success>true</success></result>`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for format, want := range map[string]string{"json": tt.json, "xml": xmlHead + tt.xml} {
				got := s.Reply(&router.Event{Type: tt.eventType, Notice: router.Notice{Format: format}}, tt.verdict)
				if got.Status != tt.status || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/"+format) {
					t.Errorf("%s: %d %v; want %d", format, got.Status, got.Header, tt.status)
				}
				if diff := cmp.Diff(want, string(got.Body)); diff != "" {
					t.Errorf("%s: -want +got\n%s", format, diff)
				}
			}
		})
	}
}

func TestErrorCode(t *testing.T) {
	for code, want := range map[string]string{
		router.CodeUnrouted: "CONFIGURATION_ERROR", router.CodeFailed: "CONFIGURATION_ERROR",
		router.CodeGaveUp: "UNKNOWN_ERROR", router.CodeFetch: "UNKNOWN_ERROR",
		"": "UNKNOWN_ERROR", "card_declined": "UNKNOWN_ERROR", "Card_Declined": "UNKNOWN_ERROR", "1ST": "UNKNOWN_ERROR", "A B": "UNKNOWN_ERROR",
		"A" + strings.Repeat("B", maxCode): "UNKNOWN_ERROR", "SEAT_2_TAKEN": "SEAT_2_TAKEN",
		"OPERATION_CANCELLED": "OPERATION_CANCELLED", "OPERATION_CANCELED": "OPERATION_CANCELLED",
		"INVALID_RESPONSE": "INVALID_RESPONSE", "MAX_USERS_REACHED": "MAX_USERS_REACHED", "NOT_FOUND": "NOT_FOUND",
	} {
		if got := errorCode(code); got != want {
			t.Errorf("errorCode(%q) = %s, want %s", code, got, want)
		}
	}
}

// TestReplyHoldsWhatItsTypeTakes: the routes' reply may be of several types.
func TestReplyHoldsWhatItsTypeTakes(t *testing.T) {
	const all = `"accountIdentifier":"a","userIdentifier":"u","id":"i",`
	const metadata = `,"metadata":[{"key":"k","value":"v"}]`
	for eventType, want := range map[string]string{
		"SUBSCRIPTION_ORDER":  `{"success":true,"accountIdentifier":"a","userIdentifier":"u","message":"m"}`,
		"SUBSCRIPTION_CHANGE": `{"success":true,"message":"m"}`, "SUBSCRIPTION_CANCEL": `{"success":true,"message":"m"}`,
		"SUBSCRIPTION_NOTICE": `{"success":true,"message":"m"}`,
		"USER_ASSIGNMENT":     `{"success":true,"userIdentifier":"u","message":"m"}`,
		"USER_UNASSIGNMENT":   `{"success":true,"message":"m"}`, "USER_UPDATED": `{"success":true,"message":"m"}`,
		"ADDON_ORDER":  `{"success":true,"id":"i","message":"m"}`,
		"ADDON_CHANGE": `{"success":true,"message":"m"}`, "ADDON_UNBIND": `{"success":true,"message":"m"}`, "ADDON_CANCEL": `{"success":true,"message":"m"}`,
		"ADDON_BIND":   `{"success":true,"id":"i","message":"m"` + metadata + `}`,
		"ACCOUNT_SYNC": `{"success":true,` + all + `"message":"m"` + metadata + `}`, "USER_LINK": `{"success":true,` + all + `"message":"m"` + metadata + `}`,
		"WORMHOLE_OPENED": `{"success":true,` + all + `"message":"m"` + metadata + `}`,
	} {
		v := router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{` + all + `"message":"m","metadata":{"k":"v"}}`)}
		if got := resultOf(eventType, v).json(); string(got) != want {
			t.Errorf("%s: %s, want %s", eventType, got, want)
		}
	}
	for eventType, attr := range Kind().Required {
		if takes, known := replyTakes[eventType]; !known || !slices.Contains(takes, attr) {
			t.Errorf("%s must have %s, which it does not take", eventType, attr)
		}
	}
	for eventType, takes := range replyTakes {
		for _, attr := range takes {
			if Kind().Reply.Attr(attr) == nil || !slices.Contains(Kind().Types, eventType) {
				t.Errorf("%s takes %s: one of them is not known", eventType, attr)
			}
		}
	}
}

func TestDecodeResult(t *testing.T) {
	success := Result{Success: true, AccountIdentifier: "a-1"}
	for _, tt := range []struct {
		name, raw string
		want      Result
	}{
		{"JSON", `{"success":true,"accountIdentifier":"a-1"}`, success},
		{"success as a text", `{"success":"true","accountIdentifier":"a-1"}`, success},
		{"XML with lower-case names", "<?xml version=\"1.0\"?>\n<result>\n<success>true</success>\n<accountidentifier>a-1</accountidentifier>\n</result>\n", success},
		{"failure", `{"success":"false","errorCode":"ACCOUNT_NOT_FOUND","message":"No account"}`, Result{ErrorCode: "ACCOUNT_NOT_FOUND", Message: "No account"}},
		{"metadata", `{"success":true,"metadata":[{"key":"k","value":"v"}]}`, Result{Success: true, Metadata: []Metadata{{"k", "v"}}}},
		{"XML metadata", `<result><success>true</success><metadata><entry><key>k</key><value>v</value></entry></metadata></result>`, Result{Success: true, Metadata: []Metadata{{"k", "v"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeResult([]byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	for _, raw := range []string{"", "OK", `{}`, `{"success":"perhaps"}`, `<html/>`, `<result/>`} {
		if got, err := DecodeResult([]byte(raw)); err == nil {
			t.Errorf("DecodeResult(%q) = %+v, want an error", raw, got)
		}
	}
}
