package simulate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func TestDecodeResult(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       Result
	}{
		{"boolean", `{"success":true,"accountIdentifier":"a","userIdentifier":"u","id":"i"}`,
			Result{Success: true, AccountIdentifier: "a", UserIdentifier: "u", ID: "i"}},
		{"text", `{"success":"true"}`, Result{Success: true}},
		{"failure", `{"success":"false","errorCode":"USER_NOT_FOUND","message":"Nobody."}`,
			Result{ErrorCode: "USER_NOT_FOUND", Message: "Nobody."}},
		{"byte order mark", "\ufeff" + `{"success":true}`, Result{Success: true}},
		{"XML", `<?xml version="1.0"?><result><success>true</success><id>i</id></result>`, Result{Success: true, ID: "i"}},
		{"XML in lower case", "<result>\n<success>\nfalse\n</success>\n<errorcode>FORBIDDEN</errorcode></result>",
			Result{ErrorCode: "FORBIDDEN"}},
		{"JSON metadata", `{"success":true,"metadata":[{"key":"token","value":"hidden"}]}`,
			Result{Success: true, Metadata: map[string]router.Secret{"token": router.NewSecret([]byte("hidden"))}}},
		{"XML metadata", `<result><success>true</success><metadata><entry><key>token</key><value>hidden</value></entry></metadata></result>`,
			Result{Success: true, Metadata: map[string]router.Secret{"token": router.NewSecret([]byte("hidden"))}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := decodeResult([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			equalSecrets := cmp.Comparer(func(a, b router.Secret) bool { return string(a.Reveal()) == string(b.Reveal()) })
			if diff := cmp.Diff(test.want, got, equalSecrets); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeResultRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":            "",
		"half a document":    `{"success":true`,
		"no success":         `{}`,
		"success of no kind": `{"success":"perhaps"}`,
		"another root":       `<html/>`,
		"half an element":    `<result><success>true`,
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := decodeResult([]byte(body)); err == nil {
				t.Errorf("read as %v", r)
			}
		})
	}
}

func TestResultTellsNoMetadata(t *testing.T) {
	r := Result{
		Success: true, ID: "binding-1", Message: "Bound.",
		Metadata: map[string]router.Secret{
			"url": router.NewSecret([]byte("https://hidden")), "apiKey": router.NewSecret([]byte("hidden")),
		},
	}
	want := `success id=binding-1 metadata=apiKey,url message="Bound."`
	if got := r.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if shown := fmt.Sprintf("%v %+v %#v", r, r, r); strings.Contains(shown, "hidden") {
		t.Errorf("shown as %s", shown)
	}
}
