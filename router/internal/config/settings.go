package config

import (
	"net"
	"net/url"
	"path/filepath"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
)

const (
	defaultListen    = "127.0.0.1:8480"
	defaultShutdown  = 30 * time.Second
	defaultRetention = 365 * 24 * time.Hour // as long as AppDirect keeps its events
	// Where an event with all that hangs on it takes 10 kB this is a million of
	// them, two a minute for a year, and it leaves room on a small server's disk.
	defaultRetentionSize = 10e9
	defaultLogLevel      = "info"
	journalFile          = "journal.db"
)

func logLevels() []string { return []string{"trace", "debug", "info", "warn", "error"} }

// settings reads what stands at the top of a configuration (rootBlock).
func (l *loader) settings(content *hcl.BodyContent) *Config {
	attrs := content.Attributes
	rules := router.DefaultRules()
	rules.GiveUp = l.duration(attrs["give_up"], rules.GiveUp)
	rules.CallbackWithin = l.duration(attrs["callback_within"], rules.CallbackWithin)
	rules.PendingAlert = l.duration(attrs["pending_alert"], rules.PendingAlert)
	c := &Config{
		Listen:          l.listen(attrs["listen"]),
		PublicURL:       l.publicURL(attrs["public_url"]),
		StateDir:        l.resolve(l.name(attrs["state_dir"], l.env.StateDir)),
		SealKey:         l.sealKey(attrs["seal_key"]),
		ShutdownTimeout: l.duration(attrs["shutdown_timeout"], defaultShutdown),
		RetentionSize:   l.size(attrs["retention_size"], defaultRetentionSize),
		MaxInFlight:     l.count(attrs["max_in_flight"], router.DefaultMaxInFlight),
		Rules:           rules,
		LogLevel:        l.word(attrs["log_level"], defaultLogLevel, logLevels()...),
	}
	l.retention(c, attrs)
	blocks := content.Blocks.ByType()
	if block := l.atMostOne(blocks["tls"]); block != nil {
		c.TLS = l.tls(block)
	}
	c.Journal = Journal{Engine: "sqlite", Path: filepath.Join(c.StateDir, journalFile)}
	if block := l.atMostOne(blocks["journal"]); block != nil {
		c.Journal = l.journal(block, c.Journal)
	}
	if block := l.atMostOne(blocks["admin"]); block != nil {
		attrs := l.attributes(block, adminBlock())
		c.Admin.Socket = l.resolve(l.name(attrs["socket"], ""))
	}
	return c
}

// sealKey reads a secret, though it stands at the top.
func (l *loader) sealKey(attr *hcl.Attribute) router.Secret {
	if attr == nil {
		return router.Secret{}
	}
	l.secrets.learnLiterals(attr.Expr)
	before := len(l.diags)
	key, _, err := l.secretOf(attr.Expr)
	if err == nil && len(l.diags) == before && l.env.CheckSealKey != nil {
		err = l.env.CheckSealKey(key)
	}
	if err != nil {
		l.add(errorAt(attr.Expr.Range(), "Not a sealing key", `"seal_key" can't have this value: %s.`, err))
	}
	return key
}

// retention reads for how long events, and what they carry, are kept.
func (l *loader) retention(c *Config, attrs hcl.Attributes) {
	c.Retention = l.duration(attrs["retention"], defaultRetention)
	attr := attrs["retention_payload"]
	c.RetentionPayload = l.duration(attr, c.Retention)
	if c.RetentionPayload > c.Retention {
		l.add(errorAt(attr.Expr.Range(), "Longer than the event",
			`"retention_payload" can't be longer than "retention": the payload goes with the event. Give it less, or leave the line out.`))
	}
}

func (l *loader) listen(attr *hcl.Attribute) string {
	address := l.text(attr, defaultListen)
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		l.add(errorAt(attr.Expr.Range(), "Not an address", `"listen" can't be %s: write host and port, as in %s.`, quote(address), quote(defaultListen)))
	}
	return address
}

func (l *loader) publicURL(attr *hcl.Attribute) string {
	address, ok := l.given(attr)
	if !ok {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		l.add(errorAt(attr.Expr.Range(), "Not a public address",
			`"public_url" must be the address that callers use, with no user, query or fragment: "https://events.example.com".`))
	}
	l.warnInClear(attr.Name, attr.Expr.Range(), address)
	return address
}

func (l *loader) tls(block *hcl.Block) *TLS {
	attrs := l.attributes(block, tlsBlock())
	return &TLS{
		CertFile: l.resolve(l.name(attrs["cert_file"], "")),
		KeyFile:  l.resolve(l.name(attrs["key_file"], "")),
	}
}

func (l *loader) journal(block *hcl.Block, otherwise Journal) Journal {
	engine := block.Labels[0]
	if engine != otherwise.Engine {
		l.add(errorAt(block.LabelRanges[0], "Unknown journal", "There is no journal engine %s.%s", quote(engine), suggest(engine, []string{otherwise.Engine})))
		return otherwise
	}
	attrs := l.attributes(block, journalBlock())
	return Journal{Engine: engine, Path: l.resolve(l.name(attrs["path"], otherwise.Path))}
}

// atMostOne returns the first block, and reports any other.
func (r *reader) atMostOne(blocks hcl.Blocks) *hcl.Block {
	if len(blocks) == 0 {
		return nil
	}
	for _, extra := range blocks[1:] {
		r.add(errorAt(extra.DefRange, "Two blocks where one is enough",
			"The block %s stands at %s already. Put both into one.", quote(extra.Type), at(blocks[0].DefRange)))
	}
	return blocks[0]
}

// attributes reads a block that has attributes only.
func (r *reader) attributes(block *hcl.Block, by Block) hcl.Attributes {
	return r.content(block.Body, by.body()).Attributes
}
