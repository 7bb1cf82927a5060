package daemon_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/signalbox/signalbox/sdk"
)

// servePlanted is what this test's binary does as a plugin that can't keep a
// secret.
func servePlanted(mode string) {
	if mode == "exits" {
		fmt.Println("started with", os.Getenv("PLANTED_GIVEN"))
		fmt.Fprintln(os.Stderr, "giving up with", os.Getenv("PLANTED_GIVEN"))
		os.Exit(3)
	}
	sdk.Serve(blabber())
}

// blabber tells whoever listens what it was configured and called with.
func blabber() *sdk.Plugin {
	var token string
	// told quotes the secrets as messages do.
	told := func(pin string) string {
		text := ""
		for _, s := range []string{token, os.Getenv("PLANTED_GIVEN"), pin} {
			text += fmt.Sprintf(" %s %q %s %s %s", s, s, url.QueryEscape(s), hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte("user:"+s)))
		}
		return text
	}
	text := func(name string, sensitive bool) sdk.Attr {
		return sdk.Attr{Name: name, Type: sdk.String, Sensitive: sensitive}
	}
	return &sdk.Plugin{
		Name: "blabber", Version: "1.0.0",
		Config: sdk.Schema{Attrs: []sdk.Attr{text("token", true), text("word", false)}},
		Validate: func(v sdk.Values) []sdk.Diagnostic {
			var config struct{ Token, Word string }
			if err := v.Decode(&config); err != nil || config.Word == "" {
				return nil
			}
			return []sdk.Diagnostic{{Summary: "Not a word", Detail: "It was tried with " + config.Token + " and " + os.Getenv("PLANTED_GIVEN"), Path: []string{"word"}}}
		},
		Configure: func(_ context.Context, v sdk.Values) error {
			var config struct{ Token string }
			err := v.Decode(&config)
			token = config.Token
			return err
		},
		Check: func(context.Context) error { return errors.New("no use for " + token) },
		Actions: []sdk.Action{
			{
				Name:   "issue",
				Output: sdk.Schema{Attrs: []sdk.Attr{text("account", false), text("token", true), {Name: "grants", Type: sdk.Map(sdk.String), Sensitive: true}}},
				Handle: func(context.Context, *sdk.Delivery) sdk.Outcome {
					return sdk.Succeeded(map[string]any{
						"account": plainMark, "token": plantedValue("output"), "grants": map[string]string{"user": "u", "pass": plantedValue("grant")},
					})
				},
			},
			{
				Name:  "act",
				Input: sdk.Schema{Attrs: []sdk.Attr{text("do", false), text("pin", true)}},
				Handle: func(_ context.Context, d *sdk.Delivery) sdk.Outcome {
					var in struct{ Do, Pin string }
					if err := d.Input.Decode(&in); err != nil || in.Pin != plantedValue("output") {
						return sdk.Rejected("not_opened", "", fmt.Sprintf("the pin is %q", in.Pin))
					}
					fmt.Fprintln(os.Stderr, "plain:", told(in.Pin))
					fmt.Fprintf(os.Stderr, `{"level":"error","message":"json","told":%q}`+"\n", told(in.Pin))
					switch in.Do {
					case "retry":
						return sdk.Retry(told(in.Pin))
					case "reject":
						return sdk.Rejected("c"+token, told(in.Pin), told(in.Pin))
					case "panic":
						panic(told(in.Pin))
					case "crash":
						go func() { panic(told(in.Pin)) }() // the whole process, with its stack
						select {}
					}
					return sdk.Succeeded(nil)
				},
			},
			{
				Name:   "note",
				Input:  sdk.Schema{Attrs: []sdk.Attr{text("about", false)}},
				Handle: func(context.Context, *sdk.Delivery) sdk.Outcome { return sdk.Succeeded(nil) },
			},
		},
	}
}
