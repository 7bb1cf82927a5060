package appdirect

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// xmllint validates files by the schema of results, with libxml2's tool.
func xmllint(t *testing.T, files ...string) error {
	t.Helper()
	path, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is missing: install libxml2-utils")
		}
		t.Skip("xmllint is missing (Debian package libxml2-utils)")
	}
	args := append([]string{"--noout", "--schema", filepath.Join("testdata", "result.xsd")}, files...)
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// Every result in XML is valid, whatever a route or a plugin gave for it.
func TestResultsAreValid(t *testing.T) {
	dir := t.TempDir()
	var files []string
	see := func(body []byte) {
		file := filepath.Join(dir, fmt.Sprintf("%d.xml", len(files)))
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	replies := []string{
		``, `{}`, `{"accountIdentifier":"a & <b>","userIdentifier":"u\u0001","id":"1","message":"m"}`,
		`{"accountIdentifier":"","id":7,"metadata":{}}`,
		`{"id":"1","metadata":{"url":"https://a.example/?b=c&d=e","empty":"","":"no name","a b":"]]>"}}`,
	}
	messages := []string{"", "Please call us.", "<b>\"no\"</b> & \x00\x1b \ufffe \U0001f514", strings.Repeat("€ ", 2*maxMessage)}
	for _, eventType := range append(Kind().Types, "SOMETHING_NEW", "") {
		for _, message := range messages {
			for _, code := range append(Kind().Codes, router.CodeUnrouted, router.CodeGaveUp, "card_declined", "A<B", "NEW_CODE", strings.Repeat("X", 65)) {
				see(respond(http.StatusOK, formatXML, resultOf(eventType, router.Verdict{Kind: router.Error, Code: code, Message: message})).Body)
			}
			for _, kind := range []router.VerdictKind{router.Success, router.Warning, router.Accepted, router.NotNow} {
				for _, reply := range replies {
					see(respond(http.StatusOK, formatXML, resultOf(eventType, router.Verdict{Kind: kind, Message: message, Reply: []byte(reply)})).Body)
				}
			}
		}
	}
	if err := xmllint(t, files...); err != nil {
		lines := strings.Split(err.Error(), "\n")
		t.Errorf("%s", strings.Join(lines[:min(len(lines), 20)], "\n"))
	}
	t.Logf("%d results", len(files))
}

// The schema itself can tell good from bad.
func TestResultSchemaRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"no success":             `<result><message>m</message></result>`,
		"a success like no bool": `<result><success>1</success></result>`,
		"an empty identifier":    `<result><success>true</success><accountIdentifier/></result>`,
		"a code in lower case":   `<result><success>false</success><errorCode>card_declined</errorCode></result>`,
		"metadata by name":       `<result><success>true</success><metadata><url>u</url></metadata></result>`,
		"another member":         `<result><success>true</success><status>ok</status></result>`,
		"another root":           `<Result><success>true</success></Result>`,
		"a long message":         `<result><success>true</success><message>` + strings.Repeat("x", maxMessage+2) + `</message></result>`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "result.xml")
			if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
			if xmllint(t, file) == nil {
				t.Errorf("the schema takes %s", body)
			}
		})
	}
}
