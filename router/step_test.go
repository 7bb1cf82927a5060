package router_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// concluding: all that counts has ended; the effect Conclude goes on.
func concluding(s *router.State) bool {
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if !d.Optional && !d.OnFailure && !d.Done() {
			return false
		}
	}
	return true
}

func find(s *router.State, name string) *router.Delivery {
	for i := range s.Deliveries {
		if s.Deliveries[i].Name == name {
			return &s.Deliveries[i]
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestRandomLives is the model: SIGNALBOX_LIVES sets how many lives.
func TestRandomLives(t *testing.T) {
	lives := 1000
	if n, err := strconv.Atoi(os.Getenv("SIGNALBOX_LIVES")); err == nil {
		lives = n
	}
	steps, ended := 0, 0
	for seed := range uint64(lives) {
		w := newWalk(t, seed)
		w.trace = append(w.trace, fmt.Sprintf("seed %d", seed))
		w.planned = w.deliveries()
		w.feed(router.Routed{At: w.now, Routes: []string{"r"}, Deliveries: w.planned})
		for range 400 {
			if !w.move() {
				ended++
				break
			}
		}
		steps += w.steps
	}
	if steps < 10_000 || ended < lives*9/10 {
		t.Errorf("%d lives took %d steps and %d of them ended: the walk does not walk", lives, steps, ended)
	}
}

// TestRandomFetches: a blind notice always ends, and owes exactly what it should.
func TestRandomFetches(t *testing.T) {
	for seed := range uint64(500) {
		dice := rand.New(rand.NewPCG(seed, 2))
		now := time.Unix(1_800_000_000, 0)
		s := router.State{Phase: router.Noticed, Told: router.ToldLater, Blind: true, Since: now, Rules: router.DefaultRules()}
		for s.Phase == router.Noticed {
			kind := router.FetchPassing
			if dice.IntN(30) == 0 {
				kind = []router.FetchKind{router.FetchGone, router.FetchRefused}[dice.IntN(2)]
			}
			if dice.IntN(100) == 0 {
				s, _ = router.Step(s, router.DiscardedByOperator{At: now})
			}
			s, _ = router.Step(s, router.FetchFailed{At: now, Err: &router.FetchError{Kind: kind, Err: errors.New("x")}, Roll: dice.Float64()})
			if s.Phase == router.Noticed {
				if s.Due().IsZero() {
					t.Fatalf("seed %d: noticed, and nothing is due", seed)
				}
				now = s.Due()
				s, _ = router.Step(s, router.Woke{At: now})
			}
		}
		if owes := s.OwesCallback(); owes != (s.Phase == router.Settled) {
			t.Fatalf("seed %d: %s, owes a callback: %v", seed, s.Phase, owes)
		}
		if age := now.Sub(s.Since); age > 25*time.Hour {
			t.Fatalf("seed %d: it was tried for %s", seed, age)
		}
	}
}
