package plug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/sdk"
)

// modeKey tells this test binary to be a plugin, and which.
const modeKey = "PLUG_TEST_MODE"

// runMode is what a started plugin does.
func runMode(mode string) {
	switch mode {
	case "good":
		sdk.Serve(goodPlugin())
	case "crash":
		fmt.Fprintln(os.Stderr, "reading the licence")
		fmt.Fprintln(os.Stderr, "no licence: \x1b[31mgiving up")
		os.Exit(3)
	case "noisy":
		fmt.Println("Welcome to ACME v3!")
		sdk.Serve(goodPlugin())
	case "odd stderr":
		fmt.Fprintln(os.Stderr, `{"@message": 1}`)
		fmt.Fprintln(os.Stderr, `{"level":"warn","message":"low on cheese","time":"x","left":2,"plugin":"forged"}`)
		fmt.Fprintln(os.Stderr, strings.Repeat("long ", lineMax))
		fmt.Fprintln(os.Stderr, "after the long line")
		sdk.Serve(goodPlugin())
	case "mute":
		select {}
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		sdk.Serve(goodPlugin())
	case "stray":
		// A grandchild in a session of its own keeps stderr open.
		stray := exec.Command("sleep", "600")
		stray.Stderr = os.Stderr
		stray.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := stray.Start(); err != nil {
			panic(err)
		}
		sdk.Log().Info("left a stray", "stray", stray.Process.Pid)
		sdk.Serve(goodPlugin())
	case "misnamed":
		p := goodPlugin()
		p.Actions[0].Name = "two words"
		sdk.Serve(p)
	case "misconfigured":
		p := goodPlugin()
		p.Configure = func(context.Context, sdk.Values) error { return errors.New("that key is of no account") }
		sdk.Serve(p)
	case "unary":
		serveRaw(&raw{})
	case "hangs up":
		serveRaw(&raw{lingers: true})
	case "stream breaks":
		serveRaw(&raw{stream: true})
	case "net/rpc":
		fmt.Println("1|1|unix|/nowhere|netrpc")
		select {}
	case "plain":
		fmt.Println("1|1|unix|/nowhere|grpc|")
		select {}
	case "host":
		runHost()
	}
	fmt.Fprintf(os.Stderr, "there is no mode %q\n", mode)
	os.Exit(1)
}

type goodConfig struct {
	Gate  string `json:"gate"`
	Dial  string `json:"dial"`
	Token string `json:"token"`
}

// goodPlugin is on the SDK and has an action for each thing to be seen.
func goodPlugin() *sdk.Plugin {
	var config goodConfig
	action := func(name string, handle func(context.Context, *sdk.Delivery) sdk.Outcome) sdk.Action {
		return sdk.Action{Name: name, Handle: handle}
	}
	return &sdk.Plugin{
		Name: "good", Version: "1.0.0",
		Config: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "gate", Type: sdk.String}, {Name: "dial", Type: sdk.String},
			{Name: "token", Type: sdk.String, Sensitive: true},
		}},
		Validate: func(v sdk.Values) []sdk.Diagnostic {
			var c goodConfig
			if v.Decode(&c) == nil && strings.HasPrefix(c.Token, "bad") {
				return []sdk.Diagnostic{{Summary: "The token " + c.Token + " is bad", Path: []string{"token"}}}
			}
			return nil
		},
		Configure: func(_ context.Context, v sdk.Values) error {
			if err := v.Decode(&config); err != nil {
				return err
			}
			if config.Dial != "" {
				// The connection lasts as long as the process.
				conn, err := net.Dial("tcp", config.Dial)
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				return err
			}
			return nil
		},
		Check: func(context.Context) error {
			if config.Token == "" {
				return errors.New("no token")
			}
			return nil
		},
		Actions: []sdk.Action{
			action("ok", func(context.Context, *sdk.Delivery) sdk.Outcome { return sdk.Succeeded(nil) }),
			action("echo", func(_ context.Context, d *sdk.Delivery) sdk.Outcome {
				return sdk.Succeeded(map[string]any{"id": d.ID, "key": d.Key, "attempt": d.Attempt, "event": d.Event.ID})
			}),
			{
				Name: "unfit", Output: sdk.Schema{Attrs: []sdk.Attr{{Name: "id", Type: sdk.String, Required: true}}},
				Handle: func(context.Context, *sdk.Delivery) sdk.Outcome { return sdk.Succeeded(map[string]int{"id": 1}) },
			},
			action("reject", func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Rejected("no_card", "No card.", "token "+config.Token)
			}),
			action("retry", func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Retry("busy").After(time.Minute).FreshKey().NeedsOperator()
			}),
			action("lost", func(context.Context, *sdk.Delivery) sdk.Outcome {
				return sdk.Retry("no answer").After(time.Minute).FreshKey().MayHaveRun()
			}),
			action("panic", func(context.Context, *sdk.Delivery) sdk.Outcome { panic("out of cheese") }),
			action("die", func(context.Context, *sdk.Delivery) sdk.Outcome {
				fmt.Fprintln(os.Stderr, "dying of", config.Token)
				os.Exit(7)
				return sdk.Outcome{}
			}),
			action("wait", func(context.Context, *sdk.Delivery) sdk.Outcome {
				resp, err := http.Get(config.Gate)
				if err != nil {
					return sdk.Retry(err.Error())
				}
				_ = resp.Body.Close()
				return sdk.Succeeded(nil)
			}),
			action("hang", func(ctx context.Context, _ *sdk.Delivery) sdk.Outcome {
				<-ctx.Done()
				// The gate is told that the cancel has arrived.
				if resp, err := http.Get(config.Gate); err == nil {
					_ = resp.Body.Close()
				}
				return sdk.Retry("cancelled")
			}),
			action("stop", func(context.Context, *sdk.Delivery) sdk.Outcome {
				_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
				return sdk.Succeeded(nil)
			}),
			action("surroundings", func(context.Context, *sdk.Delivery) sdk.Outcome {
				stdin, err := io.ReadAll(os.Stdin)
				pgid, _ := syscall.Getpgid(0)
				return sdk.Succeeded(map[string]any{
					"env": os.Environ(), "stdin": string(stdin), "err": fmt.Sprint(err), "leads": pgid == os.Getpid(),
				})
			}),
		},
	}
}

// runHost is a daemon that is killed while its plugin runs: it loads a plugin
// that dials the address in the environment, and dies without a word.
func runHost() {
	dir, err := os.MkdirTemp("", "plug")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	c := New(Options{Log: zerolog.Nop(), SocketDir: filepath.Join(dir, "s")})
	s := c.Stage()
	p := program("p", "good")
	if _, err := s.Describe(context.Background(), p); err != nil {
		panic(err)
	}
	config, err := json.Marshal(goodConfig{Dial: os.Getenv("PLUG_TEST_DIAL")})
	if err != nil {
		panic(err)
	}
	if err := s.Configure(context.Background(), p.Name, router.NewSecret(config)); err != nil {
		panic(err)
	}
	s.Commit()
	_ = os.RemoveAll(dir)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}
