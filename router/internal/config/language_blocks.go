package config

import "github.com/signalbox/signalbox/router"

// rootBlock is the whole of a configuration.
func rootBlock() Block {
	rules := router.DefaultRules()
	return Block{
		Attrs: []Setting{
			setting("listen", typeText, "host:port that sources are served at.").otherwise(defaultListen),
			setting("public_url", typeText, "The address that callers know the daemon by; signatures are made over it."),
			setting("state_dir", typeText, "The directory of the journal and of what else must outlive the process. Without it systemd's StateDirectory, else ./state."),
			setting("seal_key", typeText, "What sensitive values are sealed with in the journal: 32 random bytes in base64 or hex. Further keys, one a line, open what they have sealed before. Without it the daemon makes a key, seal.key in state_dir.").secret(),
			setting("shutdown_timeout", typeText, "For how long running deliveries may finish when the daemon is told to end.").as(FormDuration).otherwise(WriteDuration(defaultShutdown)),
			setting("retention", typeText, "How long finished events are kept.").as(FormDuration).otherwise(WriteDuration(defaultRetention)),
			setting("retention_size", typeText, `What the journal may grow to before the oldest finished events go; "0" is no limit.`).as(FormSize).otherwise(writeSize(defaultRetentionSize)),
			setting("retention_payload", typeText, "How long payloads, inputs and outputs of finished events are kept: no longer than retention, which it is without the line.").as(FormDuration),
			setting("give_up", typeText, "When a held event that nobody resolves ends as an error.").as(FormDuration).otherwise(WriteDuration(rules.GiveUp)),
			setting("callback_within", typeText, "For how long an answer that can't be delivered is tried again.").as(FormDuration).otherwise(WriteDuration(rules.CallbackWithin)),
			setting("pending_alert", typeText, "When it is told that a caller who was told to wait still waits.").as(FormDuration).otherwise(WriteDuration(rules.PendingAlert)),
			setting("max_in_flight", typeNumber, `Events that are fetched at one time; as many more are told to wait, then "not now".`).otherwise(router.DefaultMaxInFlight),
			setting("log_level", typeText, "What is logged; debug shows the base string of a refused signature.").otherwise(defaultLogLevel).oneOf(logLevels()...),
		},
		Blocks: []Block{
			tlsBlock(), journalBlock(), adminBlock(), variableBlock(), localsBlock(), sourceBlock(), pluginBlock(), routeBlock(),
		},
	}
}

func tlsBlock() Block {
	return Block{
		Name: "tls", Doc: "Serve HTTPS. Without it another program terminates TLS.",
		Attrs: []Setting{
			setting("cert_file", typeText, "The certificate chain, PEM.").must(),
			setting("key_file", typeText, "Its private key, PEM.").must(),
		},
	}
}

func journalBlock() Block {
	return Block{
		Name: "journal", Labels: []string{"engine"}, Doc: `Where events are written down. The engine is "sqlite".`,
		Attrs: []Setting{setting("path", typeText, "The database file. Without it "+journalFile+" in state_dir.")},
	}
}

func adminBlock() Block {
	return Block{
		Name: "admin", Doc: "Where the admin API is served.",
		Attrs: []Setting{setting("socket", typeText, "A unix socket's path. Without it admin.sock in systemd's RuntimeDirectory, else in state_dir.")},
	}
}

func variableBlock() Block {
	return Block{
		Name: "variable", Labels: []string{"name"}, Repeats: true,
		Doc: "A value from outside, var.NAME: from --var NAME=…, else " + variablePrefix + "NAME in the environment, else the default.",
		Attrs: []Setting{
			setting("type", typeText, "What the value must be, as in string, number, bool or list(string).").as(FormType).otherwise("string"),
			setting("default", typeAny, "The value that it has if nobody gives one."),
			setting("description", typeText, "What it is for."),
		},
	}
}

func localsBlock() Block {
	anything := setting("", typeAny, "local.NAME, where NAME is the attribute's.")
	return Block{Name: "locals", Repeats: true, Doc: "Values that are computed once, at load, and used in many places.", Any: &anything}
}

func sourceBlock() Block {
	return Block{
		Name: "source", Labels: []string{"kind", "name"}, Repeats: true, By: ByKind,
		Doc: "An endpoint that events come in by, of one protocol.",
		Attrs: []Setting{
			setting("path", typeText, "Where it is served; it gets every request to this path or below it.").must(),
			setting("unrouted", typeText, "What an event that no route takes is answered: the protocol's configuration error, or success.").
				otherwise(UnroutedError).oneOf(string(UnroutedError), string(UnroutedAccept)),
		},
	}
}

// declaredBlock is how an operator says what the events of a source look like.
func declaredBlock() Block {
	return Block{
		Name: "schema", Repeats: true,
		Doc: "What payloads look like, so that a route that names what they don't have is told so at load.",
		Attrs: []Setting{
			setting("on", typeTexts, "The event types that it is of. Without it all that no other schema names.").as(FormEvent),
			setting("payload", typeAny, "Their type: object({ id = string, note = optional(string) }).").as(FormType).must(),
		},
	}
}

func pluginBlock() Block {
	return Block{
		Name: "plugin", Labels: []string{"name"}, Repeats: true,
		Doc: "A program that deliveries call: a bundled one (use) or your own (exec).",
		Attrs: []Setting{
			setting("use", typeText, "The name of a bundled plugin."),
			setting("exec", typeText, "The path of a program, or its name, to be found in PATH."),
			setting("args", typeTexts, "The program's arguments."),
			setting("env", typeMap, "What its environment holds beside a few names that all programs get. Values may be secrets."),
			setting("sha256", typeText, "The program's checksum in hexadecimal; another program is not started."),
			setting("mtls", typeBool, "Encrypt the connection to it; false for a program that can't.").otherwise(true),
			setting("max_in_flight", typeNumber, "Calls at one time. Without it as many as there are."),
			setting("rate", typeNumber, "Calls a second. Without it as many as there are."),
		},
		Blocks: []Block{{Name: "config", By: ByPlugin, Doc: "What the plugin is configured with. Values may be secrets."}},
	}
}
