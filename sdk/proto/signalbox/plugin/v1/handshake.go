package pluginv1

const (
	// ProtocolVersion is the version of the contract in the handshake.
	ProtocolVersion = 1
	// Name is what the plugin is called in go-plugin's set of plugins.
	Name = "plugin"
	// CookieKey names the environment variable in which a plugin finds
	// CookieValue when signalbox starts it. It is no secret: it tells a plugin
	// that was started by hand from one that was started to serve.
	CookieKey   = "SIGNALBOX_PLUGIN"
	CookieValue = "signalbox"
	// MaxMessage is the size in bytes that a message may have, either way. An
	// event is at most 1 MiB as received; its envelope and a delivery's input,
	// which may repeat it, have ample room.
	MaxMessage = 16 << 20
	// MaxInFlight is how many calls the host has in flight on one stream.
	MaxInFlight = 1024
	// CapabilityStream says that HandleStream is served.
	CapabilityStream = "stream"
)
