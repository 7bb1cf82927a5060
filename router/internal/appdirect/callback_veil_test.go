package appdirect

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// TestCallbackQuotesNoSecret: a marketplace that quotes what it was told has the
// log and the journal say nothing of a reply that is sensitive, and no beginning
// of it either.
func TestCallbackQuotesNoSecret(t *testing.T) {
	const secret = "hunter2-of-the-addon"
	for name, before := range map[string]int{"whole": 0, "cut off": maxQuote - 100} {
		for _, status := range []int{http.StatusUnprocessableEntity, http.StatusForbidden, http.StatusBadGateway, http.StatusGone} {
			t.Run(fmt.Sprint(name, status), func(t *testing.T) {
				base := marketplace(t, testSecret, func(w http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil || !strings.Contains(string(body), secret) {
						t.Errorf("the marketplace is told %s, %v", body, err)
					}
					w.WriteHeader(status)
					fmt.Fprintf(w, "cannot take %s%s", strings.Repeat(" ", before), body)
				})
				s, n := at(t, base, nil)
				out := s.Callback(t.Context(), &router.Event{Type: typeAddonBind, Notice: n}, router.Verdict{
					Kind: router.Success, Reply: []byte(`{"metadata":{"password":"` + secret + `"}}`),
				})
				if strings.Contains(out.Detail, "hunter") || !strings.Contains(out.Detail, "cannot take") {
					t.Errorf("journal, log and failure event say: %s", out.Detail)
				}
			})
		}
	}
}
