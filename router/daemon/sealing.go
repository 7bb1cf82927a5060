package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/seal"
)

// sealKeys are the keys of a configuration. The file of one that names none is
// made here, before there is anything to seal: a full disk stops the start, or
// the reload, and not an event whose plugin has just been called.
func (d *Daemon) sealKeys(ctx context.Context, c *config.Config) (seal.Keys, error) {
	keys, err := presentKeys(c)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	if keys, err = seal.Load(c.SealKey, c.StateDir); err != nil {
		return nil, err
	}
	before, err := d.journal.Find(ctx, router.Query{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("looking whether the journal is new: %w", err)
	}
	path := filepath.Join(c.StateDir, seal.FileName)
	if len(before) > 0 {
		d.log.Warn().Str("file", path).Msg("made a sealing key beside a journal that has events: if they have sealed values, the key of those is lost; put it into the file on a line below")
	} else {
		d.log.Info().Str("file", path).Msg("made a sealing key")
	}
	return keys, nil
}

// presentKeys are those of them that are there; nothing is made.
func presentKeys(c *config.Config) (seal.Keys, error) { return seal.Read(c.SealKey, c.StateDir) }

// sealedFrom reports whether an event can't go on by these keys: an input, what
// a delivery gave to others, or the reply was sealed with one that is not there.
func (l *loaded) sealedFrom(s *router.State) bool {
	shut := func(v json.RawMessage) bool {
		_, err := l.keys.Open(v)
		return err != nil
	}
	// What deliveries gave is read by the reply, and by inputs that are still to be
	// made.
	reads := s.Phase != router.Settled
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		reads = reads || s.OwesDelivery(d) && d.Input == nil
	}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if s.OwesDelivery(d) && shut(d.Input) || reads && shut(d.Output) {
			return true
		}
	}
	return s.NeedsSource() && s.Verdict != nil && shut(s.Verdict.Reply)
}
