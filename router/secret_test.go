package router_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

func TestSecretCannotPrintItself(t *testing.T) {
	const word = "hunter2"
	type inner struct{ s router.Secret }
	holder := struct {
		Open  router.Secret
		outer inner
		list  []router.Secret
	}{router.NewSecret([]byte(word)), inner{router.NewSecret([]byte(word))}, []router.Secret{router.NewSecret([]byte(word))}}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", holder)
		fmt.Fprintf(&out, verb+"\n", holder.Open)
		fmt.Fprintf(&out, verb+"\n", &holder.Open)
	}
	text, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", holder.Open, "h", holder)
	log := zerolog.New(&out)
	log.Info().Interface("s", holder.Open).Interface("h", holder).Stringer("t", holder.Open).Send()
	for _, form := range []string{word, fmt.Sprintf("%x", word), fmt.Sprint([]byte(word)), fmt.Sprintf("%#v", []byte(word))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed as %s in:\n%s", form, out.String())
		}
	}
	if got := string(holder.Open.Reveal()); got != word {
		t.Errorf("revealed %q", got)
	}
	if !(router.Secret{}).Empty() {
		t.Error("the zero secret is not empty")
	}
}
