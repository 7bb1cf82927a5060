package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// crashConfig has a graph of two deliveries, retries, answers that come late
// and ones that need no delivery.
const crashConfig = `
listen     = "{listen}"
public_url = "{public}"
state_dir  = "{dir}/state"

source "appdirect" "market" {
  path         = "/appdirect"
  marketplaces = ["{marketplace}"]
  reply_within = "4s"
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "consumer-secret-9f2c"
  }
}

source "subscriptionbridge" "store" {
  path     = "/subscriptionbridge"
  username = "store-1"
  password = "store-password-71aa"
  api_key  = "store-api-key-5e30"
}

plugin "hook" {
  use = "webhook"
  config {
    url    = "{effects}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "order" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "first" {
    to = plugin.hook.post
    retry { initial = "50ms" }
  }
  deliver "second" {
    to   = plugin.hook.post
    with = { data = { first = deliver.first.status } }
    retry { initial = "50ms" }
  }
  reply { accountIdentifier = event.payload.company.uuid }
}

route "life" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_CHANGE", "SUBSCRIPTION_NOTICE", "SUBSCRIPTION_CANCEL", "USER_ASSIGNMENT"]
  deliver "hook" {
    to = plugin.hook.post
    retry { initial = "50ms" }
  }
}

route "store" {
  from = [source.subscriptionbridge.store]
  deliver "hook" {
    to = plugin.hook.post
    retry { initial = "50ms" }
  }
}
`

// crash is one daemon that dies, and all that is around it.
type crash struct {
	rig     *rig
	market  *simulate.Marketplace
	effects *effects
	seed    int
	log     bytes.Buffer // of the first life, once it is over
	callers sync.WaitGroup

	mu     sync.Mutex
	orders []told
	store  []simulate.StoreExchange
}

// told is what a marketplace was told of an event.
type told struct {
	simulate.Exchange
	refused bool // as "not now", in a first call
	err     error
}

func newCrash(t *testing.T, seed int) *crash {
	c := &crash{effects: newEffects(t), seed: seed}
	c.market = simulate.NewMarketplace(simulate.Options{
		ConsumerKey: consumerKey, ConsumerSecret: router.NewSecret([]byte(consumerSecret)), CallbackWithin: patience,
	})
	if err := c.market.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.market.Stop)
	c.rig = newRig(t, "")
	t.Cleanup(c.rig.stop)
	c.rig.configure(t, strings.NewReplacer(
		"{listen}", c.address(), "{marketplace}", c.market.URL(), "{effects}", c.effects.URL,
	).Replace(crashConfig))
	return c
}

func (c *crash) address() string { return strings.TrimPrefix(c.rig.public, "http://") }

// firstLife starts a daemon that dies at the n-th flush of one of its threads,
// and waits until it serves, or has died. The context is done at its death.
func (c *crash) firstLife(t *testing.T, n int) (died context.Context) {
	t.Helper()
	if err := c.rig.options.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Plugins are let go as soon as they are other programs: it is the daemon that
	// is to die.
	limit, cancelLimit := context.WithTimeout(t.Context(), 2*patience)
	cmd := exec.CommandContext(limit, "strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
		"-e", fmt.Sprintf("inject=fsync,fdatasync:signal=KILL:when=%d", n), self, "run", c.rig.options.ConfigPath)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &c.log, &c.log, patience
	if err := cmd.Start(); err != nil {
		cancelLimit()
		t.Fatal(err)
	}
	died, dead := context.WithCancel(context.Background())
	go func() {
		defer cancelLimit()
		defer dead()
		err := cmd.Wait()
		if limit.Err() != nil || cmd.ProcessState.ExitCode() != 128+9 && !strings.Contains(fmt.Sprint(err), "killed") {
			t.Errorf("the daemon did not die at flush %d: %v, %v", n, err, limit.Err())
		}
	}()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if conn, err := net.Dial("tcp", c.address()); err == nil {
			conn.Close()
			return died
		}
		select {
		case <-again.C:
		case <-died.Done():
			return died
		}
	}
}

// call has several customers and a store call until the daemon has died, which
// leaves one call of each without an answer. Those who were told "later" wait on.
func (c *crash) call(died context.Context) {
	for n := range 4 {
		c.callers.Go(func() {
			customer := simulate.NewCustomer(uint64(100*c.seed + n))
			for died.Err() == nil {
				for _, step := range []string{"SUBSCRIPTION_ORDER", "USER_ASSIGNMENT", "SUBSCRIPTION_NOTICE/DEACTIVATED", "SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL"} {
					event := customer.Event(step)
					x, err := c.market.Send(context.Background(), c.rig.public+"/appdirect", event)
					c.mu.Lock()
					c.orders = append(c.orders, told{Exchange: x, err: err})
					c.mu.Unlock()
					if err != nil {
						return
					}
					customer.Learn(event, *x.Result)
				}
			}
		})
	}
	c.callers.Go(func() {
		store := simulate.Store{
			URL: c.rig.public + "/subscriptionbridge/EventRequest", Username: storeUsername,
			Password: router.NewSecret([]byte(storePassword)), APIKey: router.NewSecret([]byte(storeAPIKey)),
		}
		for n := 0; died.Err() == nil; n++ {
			x, err := store.Send(context.Background(), fmt.Sprintf("GUID%d", n), "Balance_Due")
			if err != nil {
				return
			}
			c.mu.Lock()
			c.store = append(c.store, x)
			c.mu.Unlock()
		}
	})
}

// beDaemon is a daemon's life as a service, until it is killed, or told to end.
func beDaemon(configPath string) {
	daemon.TuneGC()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := daemon.Run(ctx, daemon.Options{ConfigPath: configPath, Log: zerolog.New(os.Stderr), Version: "test"}, nil, nil)
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
